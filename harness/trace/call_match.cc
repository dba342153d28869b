// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>
#include <vector>

#include "harness/trace/syscalls.h"

namespace driftcage::trace {

CallTag match_call(const AbiRow& abi, std::uint64_t number,
                   const std::uint64_t* args) {
  static const std::vector<CallRule> rules = call_rules();
  const auto index = static_cast<std::uint8_t>(&abi - abi_rows().data());
  const CallNumber* const end = kCallNumbers + kCallNumbersSize;
  const CallNumber* row = std::lower_bound(
      kCallNumbers, end, std::pair(index, number),
      [](const CallNumber& a, const std::pair<std::uint8_t, std::uint64_t>& b) {
        return std::pair<std::uint8_t, std::uint64_t>(a.abi, a.number) < b;
      });
  for (; row != end && row->abi == index && row->number == number; ++row) {
    const CallRule& rule = rules[row->rule];
    const bool all = std::all_of(
        rule.all.begin(), rule.all.end(), [args](const ArgumentTest& test) {
          return (args[test.argument] & test.mask) == test.value;
        });
    if (all) return rule.tag;
  }
  return 0;
}

}  // namespace driftcage::trace
