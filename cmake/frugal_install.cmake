# `cmake --install BUILD --prefix DIR`: the program, what it says of itself, and what its users read or copy.

# The manual page and the completions, made by the program from its table of verbs.
set(documents ${PROJECT_BINARY_DIR}/documents)
add_custom_command(OUTPUT ${documents}/frugal.1 ${documents}/frugal.bash ${documents}/_frugal ${documents}/frugal.fish
  COMMAND frugal __documents ${documents}
  DEPENDS frugal
  COMMENT "Manual page and completions" VERBATIM)
add_custom_target(frugal_documents ALL DEPENDS ${documents}/frugal.1)

# oneDNN that ci/setup.sh unpacked into the source tree goes with the program; one of the system is there anyway.
if(FRUGAL_ONEDNN)
  get_target_property(onednn_config DNNL::dnnl IMPORTED_CONFIGURATIONS)
  list(GET onednn_config 0 onednn_config)
  get_target_property(onednn_library DNNL::dnnl IMPORTED_LOCATION_${onednn_config})
  get_target_property(onednn_soname DNNL::dnnl IMPORTED_SONAME_${onednn_config})
  file(REAL_PATH ${PROJECT_SOURCE_DIR}/.deps deps)
  file(REAL_PATH ${onednn_library} onednn_file)
  cmake_path(IS_PREFIX deps ${onednn_file} onednn_is_ours)
  if(onednn_is_ours)
    set(private_libraries ${CMAKE_INSTALL_LIBDIR}/frugal)
    cmake_path(RELATIVE_PATH private_libraries BASE_DIRECTORY ${CMAKE_INSTALL_BINDIR} OUTPUT_VARIABLE from_program)
    set_target_properties(frugal PROPERTIES INSTALL_RPATH "$ORIGIN/${from_program}")
    install(FILES ${onednn_file} DESTINATION ${private_libraries} RENAME ${onednn_soname})
  endif()
endif()

install(TARGETS frugal RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set(shared ${CMAKE_INSTALL_DATADIR}/frugal)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/benchmarks/plans ${PROJECT_SOURCE_DIR}/benchmarks/tables
  ${PROJECT_SOURCE_DIR}/datasets/manifests DESTINATION ${shared} FILES_MATCHING PATTERN "*.yaml")
install(FILES ${documents}/frugal.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${documents}/frugal.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME frugal)
install(FILES ${documents}/_frugal DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${documents}/frugal.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
