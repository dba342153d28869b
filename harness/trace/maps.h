// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "harness/model/event.h"

namespace driftcage::trace {

// The files in the text of /proc/PID/maps, see proc_pid_maps(5), one entry per
// file with the rights of all its parts; memory that is no file is left out.
// Pure; lines that make no sense are skipped.
[[nodiscard]] std::vector<model::MappedFile> parse_maps(std::string_view text);

}  // namespace driftcage::trace
