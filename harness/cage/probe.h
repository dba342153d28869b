// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace driftcage::cage {

// One step of the host probe and the errno it gave (0: it works).
struct ProbeStep {
  std::string step;  // "userns", "id-map", "mountns", "overlay", "proc", ...
  int err = 0;
  std::string detail;
  bool operator==(const ProbeStep&) const = default;
};

// What the host says of itself. Pure data, so that diagnosis can be tested
// with recorded hosts.
struct HostFacts {
  std::vector<ProbeStep> steps;
  std::map<std::string, std::string> facts;  // sysctl values, status fields
  bool operator==(const HostFacts&) const = default;
};

// Tries every step in a child of its own; changes nothing on the host.
[[nodiscard]] HostFacts probe_host();

struct Diagnosis {
  std::string code;      // "E-USERNS-APPARMOR", ..., empty: nothing is wrong
  std::string rung;      // best rung that works: "full", ..., "" for none
  std::string cause;     // one sentence
  std::string evidence;  // step, errno, fact
  std::vector<std::string> remedies;  // least invasive first
};

// Pure. The first problem that keeps the host from rung `full`.
[[nodiscard]] Diagnosis diagnose(const HostFacts& host);

}  // namespace driftcage::cage
