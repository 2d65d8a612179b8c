# Which sources is this program made of? Run in script mode at every build (see benchmarks/harness/CMakeLists.txt); the
# header is rewritten only when the answer changes, so that nothing is recompiled in vain.
#   cmake -DSOURCE_DIR=... -DOUTPUT=... -P frugal_version.cmake
set(commit "unknown")
set(dirty "false")
set(diff "")
set(date "")
# What goes into the program; a plan or a text that changed does not make another program.
set(sources CMakeLists.txt cmake impl datasets benchmarks/CMakeLists.txt benchmarks/main.cpp benchmarks/harness
    benchmarks/workloads)

find_program(GIT git)
if(GIT)
  function(ask_git result)
    # safe.directory: a container often builds a tree that another user owns.
    execute_process(COMMAND ${GIT} -c safe.directory=* --no-optional-locks ${ARGN} WORKING_DIRECTORY ${SOURCE_DIR}
      OUTPUT_VARIABLE text RESULT_VARIABLE status ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT status EQUAL 0)
      set(text "")
    endif()
    set(${result} "${text}" PARENT_SCOPE)
  endfunction()

  ask_git(top rev-parse --show-toplevel)
  file(REAL_PATH "${SOURCE_DIR}" real_source_dir)
  if(top STREQUAL real_source_dir)  # else the sources lie in somebody else's repository
    ask_git(head rev-parse HEAD)
    if(head)
      set(commit "${head}")
      set(ENV{TZ} UTC)
      ask_git(date show --no-patch --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ HEAD)
      ask_git(changes status --porcelain -- ${sources})
      if(changes)
        set(dirty "true")
        ask_git(patch diff HEAD --no-ext-diff -- ${sources})
        ask_git(untracked ls-files --others --exclude-standard -- ${sources})
        string(REPLACE "\n" ";" files "${untracked}")
        set(contents "${patch}")
        foreach(file IN LISTS files)
          if(EXISTS "${SOURCE_DIR}/${file}")
            file(SHA256 "${SOURCE_DIR}/${file}" hash)
            string(APPEND contents "\n${file} ${hash}")
          endif()
        endforeach()
        string(SHA256 diff "${contents}")
      endif()
    endif()
  endif()
endif()

set(text "// Generated at build time by cmake/frugal_version.cmake.
#pragma once
#define FRUGAL_COMMIT \"${commit}\"
#define FRUGAL_COMMIT_DATE \"${date}\"
#define FRUGAL_DIRTY ${dirty}
#define FRUGAL_DIFF \"${diff}\"
")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT old STREQUAL text)
  file(WRITE "${OUTPUT}" "${text}")
endif()
