// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/mine/author.h"
#include "runner/terminal.h"

// What the commands that write scenarios have in common.
namespace driftcage::runner {

// Shows each step, and on a terminal what runs meanwhile.
class AuthorProgress : public mine::AuthorObserver {
 public:
  void step(const std::string& what) override;
  void preparing(const std::string& what) override;
  void started(std::size_t scenarios, std::size_t jobs,
               const std::string& capped_by) override;
  void finished(const run::ScenarioResult& result) override;
  void interrupted(int signal) override { signal_ = signal; }
  void close() { line_.clear(); }
  [[nodiscard]] int signal() const { return signal_; }  // that ended a run

 private:
  StatusLine line_;
  int signal_ = 0;
};

// A folder of its own below the temporary one, removed with all in it.
class ScratchFolder {
 public:
  static base::Result<ScratchFolder> make();
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// The ranked lines of `mined` that are worth looking at, `most` of each kind.
[[nodiscard]] std::string mined_text(const mine::Mined& mined,
                                     std::size_t most);

}  // namespace driftcage::runner
