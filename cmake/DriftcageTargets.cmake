# SPDX-License-Identifier: Apache-2.0
# How the project's targets are made: one static library per harness folder,
# named like the folder, that may link only to folders below it.

add_library(driftcage_language INTERFACE)
target_compile_features(driftcage_language INTERFACE cxx_std_20)
target_include_directories(driftcage_language INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
target_compile_options(driftcage_language INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  $<$<BOOL:${DRIFTCAGE_WERROR}>:-Werror>)
add_library(driftcage_options INTERFACE)
target_link_libraries(driftcage_options INTERFACE driftcage_language)
if(DRIFTCAGE_SANITIZE)
  target_compile_options(driftcage_options INTERFACE
    -fsanitize=${DRIFTCAGE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(driftcage_options INTERFACE
    -fsanitize=${DRIFTCAGE_SANITIZE})
endif()

# The layers from the bottom up; a folder may depend on folders before it only.
set(DRIFTCAGE_LAYERS base model wire cage trace cell image scenario recipe plan match run report mine learn)

# driftcage_library(NAME SOURCES a.cc ... [DEPENDS base ...] [LINKS pkg ...] [PRIVATE_LINKS pkg ...])
function(driftcage_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINKS;PRIVATE_LINKS" ${ARGN})
  list(FIND DRIFTCAGE_LAYERS ${name} own_layer)
  if(own_layer EQUAL -1)
    message(FATAL_ERROR "driftcage_library: ${name} is no layer")
  endif()
  add_library(driftcage_${name} STATIC ${ARG_SOURCES})
  add_library(driftcage::${name} ALIAS driftcage_${name})
  set_target_properties(driftcage_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(driftcage_${name} PUBLIC $<BUILD_INTERFACE:driftcage_options> ${ARG_LINKS}
                        PRIVATE ${ARG_PRIVATE_LINKS})
  foreach(dependency IN LISTS ARG_DEPENDS)
    list(FIND DRIFTCAGE_LAYERS ${dependency} layer)
    if(layer EQUAL -1 OR NOT layer LESS own_layer)
      message(FATAL_ERROR "driftcage_library: ${name} must not depend on ${dependency}: arrows point down only")
    endif()
    target_link_libraries(driftcage_${name} PUBLIC driftcage::${dependency})
  endforeach()
endfunction()
