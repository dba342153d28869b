// SPDX-License-Identifier: Apache-2.0
#include "harness/match/census.h"

#include <algorithm>

#include "harness/base/result.h"

namespace driftcage::match {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string without_numbers(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i])) {
      result += text[i];
    } else if (i == 0 || !is_digit(text[i - 1])) {
      result += '0';
    }
  }
  return result;
}

}  // namespace

void Census::add(const model::Event& event) {
  std::string text(model::syscall_name(event.syscall));
  text += ' ';
  text += without_numbers(event.abs.empty() ? event.path : event.abs);
  text += " = ";
  text += event.ok() ? "ok" : base::errno_name(event.err);
  ++counts_[text];
  ++calls_;
}

std::vector<Census::Difference> Census::differences(const Census& other) const {
  std::vector<Difference> all;
  for (const auto& [call, count] : counts_) {
    const auto there = other.counts_.find(call);
    const std::uint64_t n = there == other.counts_.end() ? 0 : there->second;
    if (n != count) all.push_back({call, count, n});
  }
  for (const auto& [call, count] : other.counts_) {
    if (!counts_.contains(call)) all.push_back({call, 0, count});
  }
  std::sort(
      all.begin(), all.end(),
      [](const Difference& a, const Difference& b) { return a.call < b.call; });
  return all;
}

}  // namespace driftcage::match
