// SPDX-License-Identifier: Apache-2.0
#include "runner/authoring.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace driftcage::runner {

void AuthorProgress::step(const std::string& what) {
  line_.clear();
  write_err(what + "\n");
}

void AuthorProgress::preparing(const std::string& what) {
  line_.enabled() ? line_.show(what + " ...") : write_err(what + "\n");
}

void AuthorProgress::started(std::size_t /*scenarios*/, std::size_t jobs,
                             const std::string& /*capped_by*/) {
  line_.show(fmt::format("{} at a time ...", jobs));
}

void AuthorProgress::finished(const run::ScenarioResult& /*result*/) {
  line_.clear();
}

base::Result<ScratchFolder> ScratchFolder::make() {
  std::error_code code;
  const auto base = std::filesystem::temp_directory_path(code);
  std::string pattern =
      (code ? std::filesystem::path("/tmp") : base) / "driftcage-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    return base::fail("make a folder", pattern, errno,
                      "set TMPDIR to a folder that can be written");
  }
  return ScratchFolder(std::move(pattern));
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string mined_text(const mine::Mined& mined, std::size_t most) {
  std::string text;
  const auto add = [&](const char* kind, const auto& list) {
    for (std::size_t i = 0; i < std::min(most, list.size()); ++i) {
      const mine::Candidate& candidate = list[i];
      text += fmt::format("{:5.0f}  {:5}  {}\n", candidate.score, kind,
                          candidate.line);
      if (!candidate.why.empty()) {
        text +=
            fmt::format("              {}\n", fmt::join(candidate.why, "; "));
      }
    }
    if (list.size() > most) {
      text += fmt::format("              and {} more\n", list.size() - most);
    }
  };
  add("see", mined.see);
  add("never", mined.never);
  return text;
}

}  // namespace driftcage::runner
