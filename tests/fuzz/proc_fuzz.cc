// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "harness/base/zero_list.h"
#include "harness/trace/credentials.h"
#include "harness/trace/maps.h"
#include "harness/trace/proc_view.h"

namespace trace = driftcage::trace;

// Texts of /proc, in which a program chooses names of files and of itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(trace::parse_maps(text));
  static_cast<void>(trace::parse_status_ids(text));
  static_cast<void>(trace::parse_credentials(text, text, text, true));
  static_cast<void>(driftcage::base::split_zero(text));
  return 0;
}
