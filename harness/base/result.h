// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace driftcage::base {

// What went wrong, for the person who reads it: what was tried (`step`), on
// what (`object`), what the system said (`err`, an errno value, 0 when no call
// failed) and what to do next (`hint`, may be empty).
struct Error {
  std::string step;
  std::string object;
  int err = 0;
  std::string hint;

  // "step: object: No such file or directory (ENOENT)", without the hint.
  [[nodiscard]] std::string message() const;
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// Error of a failed call; EMFILE and ENFILE bring a hint when none is given.
[[nodiscard]] tl::unexpected<Error> fail(std::string_view step,
                                         std::string_view object = {},
                                         int err = 0,
                                         std::string_view hint = {});

// Symbolic name of an errno value ("ENOENT"); "E<number>" for an unknown one.
// Knows the kernel's internal restart codes too (ERESTARTSYS = 512, ...).
[[nodiscard]] std::string errno_name(int err);

// The reverse; 0 when the name is unknown.
[[nodiscard]] int errno_number(std::string_view name);

// All errno names, for nearest-name suggestions.
[[nodiscard]] const std::pair<const char*, int>* errno_table(std::size_t* size);

}  // namespace driftcage::base

// Evaluates a Result; hands its error to the caller, or yields its value.
// The statement expression is a GNU extension that g++ and clang share.
#define DRIFTCAGE_TRY(expr)                                            \
  __extension__({                                                      \
    auto driftcage_try_ = (expr);                                      \
    if (!driftcage_try_)                                               \
      return ::tl::make_unexpected(std::move(driftcage_try_).error()); \
    std::move(driftcage_try_).value();                                 \
  })

// The same for Status, which has no value.
#define DRIFTCAGE_CHECK_OK(expr)                                       \
  do {                                                                 \
    auto driftcage_try_ = (expr);                                      \
    if (!driftcage_try_)                                               \
      return ::tl::make_unexpected(std::move(driftcage_try_).error()); \
  } while (false)
