#!/usr/bin/env bash
# Builds what ci/gpu.sh runs and packs it with the libraries it needs, for a GPU machine that is bare or lent by the
# minute: nothing is compiled or installed there. It needs a glibc no older than this machine's, and NVIDIA's driver.
# oneDNN stays behind: the bundle has no cpu back end.
#   ci/make_gpu_bundle.sh [CMAKE OPTIONS]     e.g. -DCMAKE_CUDA_ARCHITECTURES=90-real; writes build/gpu.tar.gz
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh
cmake --preset cuda --log-level=WARNING -DCMAKE_UNITY_BUILD=ON -DFRUGAL_ONEDNN=OFF "$@"
cmake --build --preset cuda --target frugal test_gpu micro_gpu

bundle=build/gpu
rm -rf "$bundle" && mkdir -p "$bundle/lib"
programs=(build/cuda/frugal build/cuda/test_gpu build/cuda/micro_gpu)
cp "${programs[@]}" "$bundle/"
# All but the C library and what belongs to it, which must be that of the machine.
ldd "${programs[@]}" | awk '$2 == "=>" {print $3}' | sort -u |
  grep -vE '/(libc|libm|libdl|librt|libpthread|ld-linux.*)\.so' | xargs cp -L --target-directory="$bundle/lib"
tar -C build -czf build/gpu.tar.gz gpu
echo "build/gpu.tar.gz: $(du -h build/gpu.tar.gz | cut -f1), for glibc $(ldd --version | head -n 1 | grep -oE '[0-9.]+$') or newer"
