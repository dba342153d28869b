// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace driftcage::cell {

// Inside a cage: brings `words` to the runner that listens at the unix(7)
// socket `door`, copies its answer to standard output and returns the exit
// status that it names; 1 with a message when nobody listens.
int visit(const std::string& door, std::vector<std::string> words);

}  // namespace driftcage::cell
