// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/scenario/diagnostic.h"
#include "harness/scenario/document.h"
#include "harness/scenario/shape.h"

namespace driftcage::scenario {

// Collects the mistakes of one file.
class Mistakes {
 public:
  Mistakes(std::string_view source, const std::string& file)
      : source_(source), file_(file) {}

  void add(const Span& at, std::string message, std::string hint = {});
  void add(Diagnostic mistake) { found_.push_back(std::move(mistake)); }
  // Inside a text or a key.
  void add_in(const Span& text, TextMistake mistake);

  [[nodiscard]] std::string_view source() const { return source_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] bool none() const { return found_.empty(); }
  // In the order of the file; from the 201st on they are only counted.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  std::string_view source_;
  const std::string& file_;
  std::vector<Diagnostic> found_;
};

// Compares a value with the shapes it may have, down to its last text: kinds,
// unknown, missing and exclusive keys, words, numbers, formats.
void check_shape(const Node& node, const Shape& shape, Mistakes* mistakes);

}  // namespace driftcage::scenario
