// SPDX-License-Identifier: Apache-2.0
#include "harness/base/result.h"

#include <cerrno>
#include <cstring>

namespace driftcage::base {

std::string Error::message() const {
  std::string text = step;
  if (!object.empty()) text += ": " + object;
  if (err != 0) {
    text += ": ";
    text += ::strerrordesc_np(err) != nullptr ? ::strerrordesc_np(err)
                                              : "unknown error";
    text += " (" + errno_name(err) + ")";
  }
  return text;
}

namespace {

// The remedy does not depend on what was tried.
std::string_view usual_hint(int err) {
  switch (err) {
    case EMFILE:
      return "raise the limit of open files (ulimit -n)";
    case ENFILE:
      return "the machine has too many open files (sysctl fs.file-max)";
    default:
      return {};
  }
}

}  // namespace

tl::unexpected<Error> fail(std::string_view step, std::string_view object,
                           int err, std::string_view hint) {
  if (hint.empty()) hint = usual_hint(err);
  return tl::make_unexpected(
      Error{std::string(step), std::string(object), err, std::string(hint)});
}

}  // namespace driftcage::base
