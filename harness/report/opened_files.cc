// SPDX-License-Identifier: Apache-2.0
#include "harness/report/opened_files.h"

#include <sys/mman.h>

namespace driftcage::report {

void OpenedFiles::add(const model::Event& event) {
  if (!event.ok()) return;
  if (event.verb == model::Verb::Open) {
    processes_[event.process].emplace(event.real, event.seq);
  } else if (event.verb == model::Verb::Exec && event.exec) {
    processes_[event.process] = {{event.exec->exe, event.seq},
                                 {event.exec->loader, event.seq}};
  }
}

std::uint64_t OpenedFiles::seq_of(std::uint32_t process,
                                  const std::string& path) const {
  const auto known = processes_.find(process);
  if (known == processes_.end()) return 0;
  const auto opened = known->second.find(path);
  return opened == known->second.end() ? 0 : opened->second;
}

std::string rights_text(std::uint32_t rights) {
  std::string text;
  for (unsigned protection = 0; protection < 8; ++protection) {
    if ((rights >> protection & 1U) == 0) continue;
    if (!text.empty()) text += ' ';
    text += (protection & PROT_READ) != 0 ? 'r' : '-';
    text += (protection & PROT_WRITE) != 0 ? 'w' : '-';
    text += (protection & PROT_EXEC) != 0 ? 'x' : '-';
  }
  return text;
}

}  // namespace driftcage::report
