# SPDX-License-Identifier: Apache-2.0
driftcage_test(cage_suite LABEL cage SOURCES run_suite_test.cc suite_schedule_test.cc
               LINKS driftcage_cell_run driftcage::run nlohmann_json::nlohmann_json)
driftcage_test(cage_nursery LABEL cage SOURCES nursery_test.cc
               LINKS driftcage_cell_run driftcage::run)
