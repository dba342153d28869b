// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace driftcage::learn {

// A course for classrooms without a terminal: Markdown by file name, README.md
// and a page for each lesson. What gives something away is folded (HTML's
// <details>). Pure, so that a test can tell whether pages are current.
[[nodiscard]] std::map<std::string, std::string> course_pages(
    const std::vector<const scenario::Scenario*>& course);

}  // namespace driftcage::learn
