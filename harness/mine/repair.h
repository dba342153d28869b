// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/model/source.h"
#include "harness/scenario/parser.h"

// Changes of scenario files in place: comments, order and spacing stay.
namespace driftcage::mine {

// Puts `value` in the place of the bytes that `at` underlines. False, and
// nothing done, when there is no such place.
[[nodiscard]] bool replace_at(const model::SourceRange& at,
                              const std::string& value, std::string* text);

struct Repair {
  std::string text;
  std::vector<std::string> done;  // "line 7: stdrr -> stderr"
};
// Mends what has one obvious remedy: names with one near name, an id that does
// not match the file's place, blanks at line ends outside of texts, line ends
// of DOS, a missing last line end. Never changes what a correct file means; a
// change after which the file has as many mistakes as before is taken back.
[[nodiscard]] Repair repair(const std::string& text, const std::string& file,
                            const scenario::ParseOptions& options);

}  // namespace driftcage::mine
