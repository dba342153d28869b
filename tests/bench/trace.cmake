# SPDX-License-Identifier: Apache-2.0
add_executable(trace_run trace_run.cc ${PROJECT_SOURCE_DIR}/tests/cage/trace_harness.cc)
target_link_libraries(trace_run PRIVATE driftcage::trace driftcage::wire)
# As driftcage-cell is.
target_link_options(trace_run PRIVATE -static)

add_executable(call_loop call_loop.cc)
target_link_options(call_loop PRIVATE -static)

add_executable(trace_bench trace_bench.cc)
target_link_libraries(trace_bench PRIVATE driftcage_options)
target_compile_definitions(trace_bench PRIVATE
  TRACE_RUN="$<TARGET_FILE:trace_run>" CALL_LOOP="$<TARGET_FILE:call_loop>")
add_dependencies(trace_bench trace_run call_loop)

add_executable(stop_bench stop_bench.cc)
target_link_libraries(stop_bench PRIVATE driftcage::trace)
