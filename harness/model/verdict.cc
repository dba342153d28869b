// SPDX-License-Identifier: Apache-2.0
#include "harness/model/verdict.h"

#include <array>
#include <utility>

namespace driftcage::model {
namespace {

constexpr std::array<std::pair<Verdict, std::string_view>, 14> kVerdicts{{
    {Verdict::Pass, "pass"},
    {Verdict::NoRepro, "no-repro"},
    {Verdict::FalseAlarm, "false-alarm"},
    {Verdict::NotFixed, "not-fixed"},
    {Verdict::DecoyWorks, "decoy-works"},
    {Verdict::Fail, "fail"},
    {Verdict::Unresolved, "unresolved"},
    {Verdict::Error, "error"},
    {Verdict::Timeout, "timeout"},
    {Verdict::Leak, "leak"},
    {Verdict::Skip, "skip"},
    {Verdict::Xfail, "xfail"},
    {Verdict::Xpass, "xpass"},
    {Verdict::Expired, "expired"},
}};

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  for (const auto& [known, name] : kVerdicts) {
    if (known == verdict) return name;
  }
  return "unknown";
}

std::optional<Verdict> verdict_from_name(std::string_view name) {
  for (const auto& [verdict, known] : kVerdicts) {
    if (known == name) return verdict;
  }
  return std::nullopt;
}

bool is_good(Verdict verdict) {
  return verdict == Verdict::Pass || verdict == Verdict::Skip ||
         verdict == Verdict::Xfail;
}

}  // namespace driftcage::model
