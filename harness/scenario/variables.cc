// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/variables.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/diagnostic.h"

namespace driftcage::scenario {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

}  // namespace

const std::vector<VariableInfo>& variables() {
  static const std::vector<VariableInfo> kVariables = {
      {"WORK", "the working directory, where relative files lie"},
      {"HOME", "the private home directory"},
      {"TMP", "the private directory for temporary files"},
      {"PATH", "PATH of the healthy cage"},
      {"LOADER", "the image's ELF interpreter"},
      {"GOROOT", "`go env GOROOT`"},
      {"GOTOOLDIR", "`go env GOTOOLDIR`: compile, link, asm, cgo"},
      {"GOCACHE", "`go env GOCACHE`: the build cache"},
      {"GOMODCACHE", "`go env GOMODCACHE`: downloaded modules"},
      {"GOENV", "`go env GOENV`: the file that `go env -w` writes"},
      {"GOPATH", "`go env GOPATH`"},
      {"GOBIN", "`go env GOBIN`, empty unless set"},
      {"GOTMPDIR", "`go env GOTMPDIR`, empty unless set"},
      {"GOVERSION", "`go env GOVERSION`: \"go1.19.8\""},
      {"GOOS", "`go env GOOS`"},
      {"GOARCH", "`go env GOARCH`"},
      {"GOHOSTOS", "`go env GOHOSTOS`"},
      {"GOHOSTARCH", "`go env GOHOSTARCH`"},
      {"GOEXE", "`go env GOEXE`, empty on Linux"},
      {"GOFLAGS", "`go env GOFLAGS`"},
      {"GOPROXY", "`go env GOPROXY`"},
      {"OTHER_GOROOT", "a second Go of the image, of another version"},
      {"OTHER_GOTOOLDIR", "where that one has compile, link, asm and cgo"},
      {"OTHER_GOVERSION", "its version: \"go1.19.8\""},
      {"CC", "`go env CC`"},
      {"CXX", "`go env CXX`"},
  };
  return kVariables;
}

std::vector<VariableUse> variable_uses(std::string_view text) {
  std::vector<VariableUse> uses;
  for (std::size_t at = text.find('$'); at != std::string_view::npos;
       at = text.find('$', at + 1)) {
    const std::size_t brace = text.substr(at + 1, 1) == "{" ? 1 : 0;
    const std::size_t begin = at + 1 + brace;
    std::size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == begin || is_digit(text[begin])) continue;
    if (brace == 1 && text.substr(end, 1) != "}") continue;
    uses.push_back({at, end + brace - at, text.substr(begin, end - begin)});
  }
  return uses;
}

std::optional<TextMistake> check_variables(std::string_view text) {
  for (const VariableUse& use : variable_uses(text)) {
    if (use.offset > 0 && text[use.offset - 1] == '$') continue;
    const bool known = std::ranges::any_of(
        variables(),
        [&](const VariableInfo& info) { return info.name == use.name; });
    if (known) continue;
    std::vector<std::string> names;
    for (const VariableInfo& info : variables()) names.push_back(info.name);
    const std::string near = nearest(use.name, names);
    const std::string name(use.name);
    return TextMistake{use.offset, use.length, "unknown variable $" + name,
                       near.empty() ? "write $$" + name + " for the text itself"
                                    : "did you mean $" + near + "?"};
  }
  return std::nullopt;
}

}  // namespace driftcage::scenario
