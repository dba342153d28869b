// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::match {

// Values of $WORK, $HOME, $GOROOT, ... in event lines, without the dollar.
using Variables = std::map<std::string, std::string>;

// A path glob of the event-line language, over byte strings:
//
//   *        any bytes within one component        ?       one such byte
//   **       any bytes, slashes too; `**/` also matches nothing
//   [a-z] [!a-z]  one byte of a set, never a slash
//   {a,b}    one of several globs                  {n}     a decimal number
//   {hash}   a name made of lower-case hex digits, as caches use them: `3f9c…`,
//            `3f/3f9c…`, each with or without Go's `-a` or `-d`
//   $NAME ${NAME}  a variable's value, taken literally
//   \x4e     the byte with that value              \c      c itself
//
// Matching takes linear time whatever the pattern.
class Glob {
 public:
  // Fails on an unbalanced bracket or brace, an unknown placeholder, and an
  // unknown or empty variable; the error's object is `pattern`.
  static base::Result<Glob> compile(std::string_view pattern,
                                    const Variables& variables);
  Glob(const Glob&) = delete;
  Glob& operator=(const Glob&) = delete;
  Glob(Glob&&) noexcept;
  Glob& operator=(Glob&&) noexcept;
  ~Glob();

  [[nodiscard]] bool matches(std::string_view text) const;
  // Without any slash: meant for base names.
  [[nodiscard]] bool is_name() const { return is_name_; }
  // Starts at the root, by a slash or `**`.
  [[nodiscard]] bool is_anchored() const { return is_anchored_; }
  // The last component when it is literal, else empty.
  [[nodiscard]] const std::string& literal_base() const { return base_; }
  // Everything, variables replaced, when nothing in it is special.
  [[nodiscard]] bool is_literal() const { return shape_ == Shape::Exact; }

 private:
  struct Piece;
  struct Regex;
  class Reader;
  // The shapes that need no regular expression are the common ones.
  enum class Shape : unsigned char { Exact, Tail, All, Regex };

  Glob();
  void describe(const std::vector<Piece>& pieces);

  Shape shape_ = Shape::Regex;
  bool is_name_ = false;
  bool is_anchored_ = false;
  std::string prefix_;  // Exact: the whole text
  std::string suffix_;  // Tail: what follows `**/`
  std::string base_;
  std::unique_ptr<Regex> regex_;
};

}  // namespace driftcage::match
