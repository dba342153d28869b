# SPDX-License-Identifier: Apache-2.0
# Two components: `runtime`, the program with its data, and `dev`, the front end
# for GoogleTest. bin/driftcage finds the rest from its own place: the prefix
# may be moved.
if(NOT TARGET driftcage)
  return()
endif()
include(CMakePackageConfigHelpers)

install(TARGETS driftcage EXPORT driftcage RUNTIME COMPONENT runtime)
install(TARGETS driftcage-cell
        RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/driftcage COMPONENT runtime)
install(DIRECTORY scenarios images DESTINATION ${CMAKE_INSTALL_DATADIR}/driftcage COMPONENT runtime
        FILES_MATCHING PATTERN "*.toml")
install(FILES README.md LICENSE CHANGELOG.md SECURITY.md TYPE DOC COMPONENT runtime)
if(TARGET driftcage-manual)
  set(generated ${PROJECT_BINARY_DIR}/share)
  install(DIRECTORY ${generated}/man/man1 TYPE MAN COMPONENT runtime)
  install(FILES ${generated}/completion/driftcage COMPONENT runtime
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${generated}/completion/_driftcage COMPONENT runtime
          DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${generated}/completion/driftcage.fish COMPONENT runtime
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

if(TARGET driftcage_gtest)
  set(config ${CMAKE_INSTALL_LIBDIR}/cmake/driftcage)
  install(TARGETS driftcage-gtest driftcage_gtest EXPORT driftcage
          RUNTIME COMPONENT dev ARCHIVE COMPONENT dev)
  install(DIRECTORY gtest/include/driftcage TYPE INCLUDE COMPONENT dev)
  install(EXPORT driftcage NAMESPACE driftcage:: FILE driftcageTargets.cmake
          DESTINATION ${config} COMPONENT dev)
  configure_package_config_file(cmake/driftcageConfig.cmake.in
    ${PROJECT_BINARY_DIR}/driftcageConfig.cmake INSTALL_DESTINATION ${config})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/driftcageConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/driftcageConfig.cmake
                ${PROJECT_BINARY_DIR}/driftcageConfigVersion.cmake
          DESTINATION ${config} COMPONENT dev)
endif()

# `cpack -G DEB`: driftcage and driftcage-dev, which depends on it and on
# GoogleTest. dpkg-shlibdeps(1) finds out what the programs need.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The driftcage authors <driftcage@localhost>")
set(CPACK_PACKAGE_VENDOR driftcage)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime)
if(TARGET driftcage_gtest)
  list(APPEND CPACK_COMPONENTS_ALL dev)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME driftcage)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
# Recipes of Debian images unpack packages; docker:// references need skopeo.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS apt)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS skopeo)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME driftcage-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS libgtest-dev)
include(CPack)
cpack_add_component(runtime DESCRIPTION "The program, its scenarios and its image recipes")
cpack_add_component(dev DEPENDS runtime
  DESCRIPTION "Scenarios as tests of GoogleTest: driftcage-gtest and the CMake target driftcage::gtest")
