// SPDX-License-Identifier: Apache-2.0
#include "harness/recipe/recipe_format.h"

#include <algorithm>
#include <string_view>

#include "harness/scenario/format_parts.h"
#include "harness/scenario/text_format.h"

namespace driftcage::recipe {
namespace {

using scenario::Key;
using scenario::Kind;
using scenario::Shape;
using scenario::TextFormat;
using scenario::TextMistake;

// Names that come to stand in apt's files and command lines.
std::optional<TextMistake> check_word(std::string_view text) {
  const auto bad = std::find_if(text.begin(), text.end(), [](char c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return !plain && std::string_view("+-.:").find(c) == std::string_view::npos;
  });
  const auto at = static_cast<std::size_t>(bad - text.begin());
  if (!text.empty() && bad == text.end() && text[0] != '-') return {};
  return TextMistake{text.empty() || bad == text.end() ? 0 : at,
                     1,
                     "a name has lower-case letters, digits, +, -, . and :",
                     {}};
}

std::optional<TextMistake> check_absolute(std::string_view text) {
  if (text.size() > 1 && text[0] == '/') return {};
  return TextMistake{0, 1, "the path must be absolute", {}};
}

constexpr TextFormat kWord{"package or suite", "^[a-z0-9+.:][a-z0-9+.:-]*$",
                           check_word};
constexpr TextFormat kAbsolute{"absolute path", "^/.", check_absolute};

constexpr Shape kSchema[] = {{.kind = Kind::Integer, .min = 1, .max = 1}};
constexpr Shape kWordText[] = {{.format = &kWord}};
constexpr Shape kWords[] = {{.kind = Kind::Array, .item = kWordText}};
constexpr Shape kAbsoluteText[] = {{.format = &kAbsolute}};
constexpr Shape kAbsolutes[] = {{.kind = Kind::Array, .item = kAbsoluteText}};
constexpr Shape kBytes[] = {{.format = &scenario::kBytesText}};
constexpr Shape kValueText[] = {{.format = &scenario::kPlainText}};

constexpr Key kDebianKeys[] = {
    {.name = "suites",
     .value = kWords,
     .shown = "[\"bookworm\", …]",
     .meaning = "Suites of Debian that packages come from.",
     .required = true},
    {.name = "packages",
     .value = kWords,
     .shown = "[\"golang-go\", …]",
     .meaning = "Packages to unpack.",
     .required = true},
    {.name = "base",
     .value = scenario::kFlag,
     .shown = "false",
     .meaning = "Without the packages that every Debian system has."},
    {.name = "dependencies",
     .value = scenario::kFlag,
     .shown = "false",
     .meaning = "Without the packages that packages depend on."},
};
constexpr Shape kDebian[] = {{.kind = Kind::Table, .keys = kDebianKeys}};

constexpr Key kLinkKeys[] = {
    {.name = "to",
     .value = scenario::kProse,
     .shown = "target",
     .meaning = "What the links say.",
     .required = true},
    {.name = "at",
     .value = kAbsolutes,
     .shown = "[path, …]",
     .meaning = "Where they lie.",
     .required = true},
};
constexpr Shape kLink[] = {{.kind = Kind::Table, .keys = kLinkKeys}};
constexpr Shape kLinks[] = {{.kind = Kind::Array, .item = kLink}};

constexpr Shape kFiles[] = {
    {.kind = Kind::Table, .name_format = &kAbsolute, .any = kBytes}};
constexpr Shape kEnv[] = {{.kind = Kind::Table,
                           .name_format = &scenario::kEnvName,
                           .any = kValueText}};

constexpr Shape kWorkFiles[] = {
    {.kind = Kind::Table, .name_format = &scenario::kPath, .any = kBytes}};
constexpr Key kWarmKeys[] = {
    {.name = "run",
     .value = scenario::kCommands,
     .shown = "[[argument, …], …]",
     .meaning = "Commands, once per image.",
     .required = true},
    {.name = "files",
     .value = kWorkFiles,
     .shown = "{ path = text }",
     .meaning = "Files for them, below $WORK."},
};
constexpr Shape kWarm[] = {{.kind = Kind::Table, .keys = kWarmKeys}};

constexpr std::string_view kOrigins[] = {"debian", "pull"};

constexpr Key kFileKeys[] = {
    {.name = "schema",
     .value = kSchema,
     .shown = "1",
     .meaning = "The version of the format.",
     .required = true},
    {.name = "title",
     .value = scenario::kProse,
     .shown = "text",
     .meaning = "What is in it, for people.",
     .required = true},
    {.name = "debian",
     .value = kDebian,
     .shown = "{ suites, packages, … }",
     .meaning = "Made of Debian packages."},
    {.name = "pull",
     .value = scenario::kProse,
     .shown = "\"docker://NAME:TAG\"",
     .meaning = "Another image."},
    {.name = "link",
     .value = kLinks,
     .shown = "[{ to, at }, …]",
     .meaning = "Symbolic links to add."},
    {.name = "files",
     .value = kFiles,
     .shown = "{ path = text }",
     .meaning = "Files to add."},
    {.name = "env",
     .value = kEnv,
     .shown = "{ NAME = value }",
     .meaning = "The image's environment."},
    {.name = "user",
     .value = scenario::kProse,
     .shown = "\"name\" | \"uid:gid\"",
     .meaning = "Whom its programs run as; root unless given."},
    {.name = "workdir",
     .value = kAbsoluteText,
     .shown = "path",
     .meaning = "Its working directory."},
    {.name = "warm",
     .value = kWarm,
     .shown = "{ run, files }",
     .meaning = "What fills the build cache, besides the usual."},
};
constexpr Shape kFile = {.kind = Kind::Table,
                         .keys = kFileKeys,
                         .one_of = kOrigins,
                         .one_required = true};

}  // namespace

const scenario::Shape& recipe_shape() { return kFile; }

}  // namespace driftcage::recipe
