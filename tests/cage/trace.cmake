# SPDX-License-Identifier: Apache-2.0
# Programs of tests/fixtures that the tracer's tests run. Static and linked to a
# fixed address: no loader's calls between theirs, and 32-bit pointers fit.
foreach(name trace_guards trace_paths trace_processes)
  add_executable(${name} ${PROJECT_SOURCE_DIR}/tests/fixtures/${name}.cc)
  # Not driftcage_options: a static program can have no sanitizer.
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE -Wall -Wextra -fno-pie)
  target_link_options(${name} PRIVATE -static -no-pie)
endforeach()

driftcage_test(cage_trace LABEL cage
  SOURCES ${PROJECT_SOURCE_DIR}/tests/cage/trace_harness.cc
          ${PROJECT_SOURCE_DIR}/tests/cage/trace_errno_test.cc
          ${PROJECT_SOURCE_DIR}/tests/cage/trace_guards_test.cc
          ${PROJECT_SOURCE_DIR}/tests/cage/trace_record_test.cc
          ${PROJECT_SOURCE_DIR}/tests/cage/trace_search_test.cc
          ${PROJECT_SOURCE_DIR}/tests/cage/trace_strace_test.cc
          ${PROJECT_SOURCE_DIR}/tests/cage/trace_test.cc
  LINKS driftcage::trace driftcage::match)
target_compile_definitions(cage_trace PRIVATE
  DRIFTCAGE_FIXTURES="$<TARGET_FILE_DIR:trace_paths>"
  DRIFTCAGE_SOURCE="${PROJECT_SOURCE_DIR}")
add_dependencies(cage_trace trace_guards trace_paths trace_processes)
