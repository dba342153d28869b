// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace driftcage::base {

// What stands for a secret.
inline constexpr std::string_view kRedacted = "***";

// A variable or option whose value is a secret by its name: a word of it is
// TOKEN, PASSWORD, SECRET, KEY, CREDENTIALS, AUTH, COOKIE or the like.
[[nodiscard]] bool is_secret_name(std::string_view name);

// Hides user info in URLs: https://user:word@host becomes https://***@host.
[[nodiscard]] std::string redact_text(std::string_view text);

// "NAME=value" entries of an environment.
[[nodiscard]] std::vector<std::string> redact_environment(
    const std::vector<std::string>& environment);

// An argument vector: --token=x, --token x, NAME=x, "Authorization: x", URLs.
[[nodiscard]] std::vector<std::string> redact_arguments(
    const std::vector<std::string>& argv);

}  // namespace driftcage::base
