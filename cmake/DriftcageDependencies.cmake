# SPDX-License-Identifier: Apache-2.0
# Everything comes from Debian 12 packages; bootstrap.sh lists them.
find_package(tl-expected REQUIRED CONFIG)
find_package(fmt 9 REQUIRED CONFIG)
find_package(nlohmann_json 3.11 REQUIRED CONFIG)
find_package(CLI11 2.1 REQUIRED CONFIG)
find_package(pugixml 1.12 REQUIRED CONFIG)
find_package(Boost 1.81 REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp>=2.5)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive>=3.6)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)

# Header-only and without exceptions: the packaged target is the shared library
# with exceptions, so only the include directory is used.
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
add_library(driftcage_toml INTERFACE)
target_include_directories(driftcage_toml SYSTEM INTERFACE ${TOMLPLUSPLUS_INCLUDE_DIR})
target_compile_definitions(driftcage_toml INTERFACE TOML_EXCEPTIONS=0 TOML_HEADER_ONLY=1)
