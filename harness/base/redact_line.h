// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace driftcage::base {

// A shell's command line, or another text that may be one, without secrets:
// values of assignments and options, words for curl -u, fields of JSON, quoted
// headers. In linear time.
[[nodiscard]] std::string redact_line(std::string_view line);

// Whether a value follows `option` that is a secret by its name: --token, but
// not --password-stdin.
[[nodiscard]] bool takes_secret(std::string_view option);

// Whether curl(1) and wget(1) take a login behind `option`: -u, -su, --user.
[[nodiscard]] bool takes_login(std::string_view option);

// Whether curl(1) takes cookies behind `option`: -b, -sb. `cookies` may be the
// name of a file that has them.
[[nodiscard]] bool takes_cookies(std::string_view option);
[[nodiscard]] bool is_cookies(std::string_view cookies);

// What is a secret in `argument` of curl(1) or wget(1) that follows `before`:
// of -u me:word, -ume:word, --user=me:word, -b id=x and -bid=x. npos: nothing.
[[nodiscard]] std::size_t secret_of_curl(std::string_view before,
                                         std::string_view argument);

// Of a name and a word with a colon between, as curl -u takes them, the place
// of the word; npos when it is none, as a user's and a group's number.
[[nodiscard]] std::size_t login_word(std::string_view argument);

}  // namespace driftcage::base
