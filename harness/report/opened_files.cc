// SPDX-License-Identifier: Apache-2.0
#include "harness/report/opened_files.h"

#include <sys/mman.h>

namespace driftcage::report {

void OpenedFiles::add(const model::Event& event) {
  if (!event.ok()) return;
  if (event.verb == model::Verb::Open) {
    Opened& opened = processes_[event.process];
    opened.by_name.emplace(event.real, event.seq);
    if (event.file) {
      opened.by_number.emplace(std::pair{event.file->device, event.file->inode},
                               event.seq);
    }
  } else if (event.verb == model::Verb::Exec && event.exec) {
    processes_[event.process] = {
        {{event.exec->exe, event.seq}, {event.exec->loader, event.seq}}, {}};
  }
}

std::uint64_t OpenedFiles::seq_of(std::uint32_t process,
                                  const model::MappedFile& file) const {
  const auto known = processes_.find(process);
  if (known == processes_.end()) return 0;
  const Opened& opened = known->second;
  const auto named = opened.by_name.find(file.path);
  if (named != opened.by_name.end()) return named->second;
  const auto numbered =
      opened.by_number.find({file.file.device, file.file.inode});
  return numbered == opened.by_number.end() ? 0 : numbered->second;
}

bool is_memory(const model::MappedFile& file) {
  return file.file.deleted &&
         (file.path == "/dev/zero" || file.path.starts_with("/memfd:") ||
          file.path.starts_with("/SYSV"));
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
