// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace driftcage::base::path {

// `name` as seen from the absolute directory `dir`: joined when relative, with
// "." and empty components removed. ".." is kept, because what it means depends
// on symbolic links (path_resolution(7)).
[[nodiscard]] std::string absolute(std::string_view dir, std::string_view name);

// Lexical clean-up: also folds "..". Only for names known to hold no link.
[[nodiscard]] std::string clean(std::string_view path);

// The part after the last slash; the whole when there is none.
[[nodiscard]] std::string_view base_name(std::string_view path);
// The part before the last slash; "/" for a top-level name, "." without slash.
[[nodiscard]] std::string_view dir_name(std::string_view path);

// True when `path` is `dir` or lies below it.
[[nodiscard]] bool is_below(std::string_view path, std::string_view dir);

// Components without empty ones and ".".
[[nodiscard]] std::vector<std::string_view> components(std::string_view path);

// Splits a PATH-like list at ':'; an empty element means "." (execvp(3)).
[[nodiscard]] std::vector<std::string> split_list(std::string_view list);

}  // namespace driftcage::base::path
