// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace driftcage::learn {

// Sits at a terminal in place of a person: waits for the prompt, types a line,
// waits for the prompt again. A thread of its own, because whoever reads the
// terminal's other side runs a loop meanwhile.
class Typist {
 public:
  // What the shell must print before each line, and nothing else prints.
  static constexpr const char* kPrompt = "@driftcage:ready@ ";

  explicit Typist(std::vector<std::string> lines);
  Typist(const Typist&) = delete;
  Typist& operator=(const Typist&) = delete;
  ~Typist();
  base::Status start();
  // The side that takes the place of the terminal.
  [[nodiscard]] int terminal() const { return terminal_.get(); }
  // Waits for the end; what the screen showed.
  [[nodiscard]] std::string finish();
  // How many lines were typed; after finish().
  [[nodiscard]] std::size_t typed() const { return typed_; }

 private:
  void type();
  bool await_prompt(std::size_t* from);

  std::vector<std::string> lines_;
  base::UniqueFd terminal_;
  base::UniqueFd hands_;
  std::string screen_;
  std::size_t typed_ = 0;
  std::thread thread_;
};

}  // namespace driftcage::learn
