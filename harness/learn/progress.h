// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"

// What a student has done so far: one JSON file in the state folder.
namespace driftcage::learn {

// One stay in a lesson's cage, until it was solved or left.
struct Attempt {
  std::string started;  // "2026-11-26T08:00:00Z"
  std::uint64_t seconds = 0;
  std::string image;
  bool exam = false;
  bool solved = false;
  bool explained = false;
  bool gave_up = false;  // asked for the solution before it was solved
  std::string way;       // the fix that solved it; "own" for another one
  unsigned checks = 0;
  unsigned hints = 0;
  unsigned resets = 0;
  std::vector<std::string> decoys;    // ids of those that were tried
  std::vector<std::string> verdicts;  // one line per check
  std::string answer;                 // to the question
  bool operator==(const Attempt&) const = default;
};

enum class State : std::uint8_t { Ready, Open, Solved, Explained };
[[nodiscard]] std::string_view state_name(State state);
// The best that any attempt reached.
[[nodiscard]] State state_of(const std::vector<Attempt>& attempts);

using Attempts = std::map<std::string, std::vector<Attempt>>;  // by lesson id

class Progress {
 public:
  // Reads `folder`/learn.json; no file is no progress. Fails on a file that is
  // not one of ours: it is somebody's work and is not written over.
  static base::Result<Progress> load(const std::string& folder);

  [[nodiscard]] const Attempts& attempts() const { return attempts_; }
  [[nodiscard]] State state(const std::string& id) const;
  // Appends an attempt, or replaces the last one of the same start; reads the
  // file again first, so that two terminals lose nothing of each other.
  base::Status keep(const std::string& id, const Attempt& attempt);

 private:
  explicit Progress(std::string folder) : folder_(std::move(folder)) {}
  base::Status read();
  [[nodiscard]] std::string file() const { return folder_ + "/learn.json"; }

  std::string folder_;
  Attempts attempts_;
};

// For teachers: a line per attempt.
[[nodiscard]] std::string progress_csv(const Attempts& attempts);
[[nodiscard]] std::string progress_json(const Attempts& attempts);

}  // namespace driftcage::learn
