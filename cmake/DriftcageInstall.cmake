# SPDX-License-Identifier: Apache-2.0
if(NOT TARGET driftcage)
  return()
endif()
# bin/driftcage finds the rest from its own place: the prefix may be moved.
install(TARGETS driftcage RUNTIME)
install(TARGETS driftcage-cell RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/driftcage)
install(DIRECTORY scenarios images DESTINATION ${CMAKE_INSTALL_DATADIR}/driftcage
        FILES_MATCHING PATTERN "*.toml")
install(FILES README.md LICENSE CHANGELOG.md SECURITY.md TYPE DOC)
