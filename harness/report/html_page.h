// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace driftcage::report {

// page.html, put into the program by CMake.
extern const char* const kPage;

}  // namespace driftcage::report
