// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/text_format.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/wait_status.h"
#include "harness/model/event.h"
#include "harness/scenario/diagnostic.h"
#include "harness/scenario/event_parts.h"
#include "harness/scenario/parser.h"
#include "harness/scenario/variables.h"

namespace driftcage::scenario {
namespace {

using Mistake = std::optional<TextMistake>;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr Unit kTimeUnits[] = {{"ms", 1},
                               {"s", 1'000},
                               {"m", 60'000},
                               {"h", 3'600'000},
                               {"d", 86'400'000}};
constexpr Unit kSizeUnits[] = {{"B", 1},
                               {"KiB", 1ull << 10},
                               {"MiB", 1ull << 20},
                               {"GiB", 1ull << 30},
                               {"TiB", 1ull << 40}};
constexpr std::uint64_t kMaxTimeout = 24ull * 3'600'000;
constexpr std::uint64_t kMaxShift = 100ull * 366 * 86'400'000;

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// "1m30s", "256KiB": numbers with units, added up. Nothing on any mistake,
// overflow included.
std::optional<std::uint64_t> measured(std::string_view text,
                                      std::span<const Unit> units) {
  if (text.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  while (!text.empty()) {
    std::uint64_t number = 0;
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    const auto letters =
        std::min(text.find_first_of("0123456789"), text.size());
    const auto unit =
        std::ranges::find(units, text.substr(0, letters), &Unit::name);
    if (unit == units.end()) return std::nullopt;
    text.remove_prefix(letters);
    std::uint64_t part = 0;
    if (__builtin_mul_overflow(number, unit->factor, &part) ||
        __builtin_add_overflow(sum, part, &sum)) {
      return std::nullopt;
    }
  }
  return sum;
}

Mistake whole(std::string_view text, std::string message,
              std::string hint = {}) {
  return TextMistake{0, std::max<std::size_t>(1, text.size()),
                     std::move(message), std::move(hint)};
}

Mistake check_nul(std::string_view text) {
  const auto nul = text.find('\0');
  if (nul == std::string_view::npos) return std::nullopt;
  return TextMistake{nul, 1, "a NUL byte cannot be passed to a program", {}};
}

Mistake check_sentence(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return whole(text, "the text is empty");
  }
  return std::nullopt;
}

Mistake check_bytes(std::string_view) { return std::nullopt; }

// `what` comes with its article.
Mistake check_name(std::string_view text, std::string_view extra,
                   std::string_view what) {
  if (text.empty()) return whole(text, "the name is empty");
  bool start = true;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (!is_lower_or_digit(c) &&
        (start || extra.find(c) == std::string_view::npos)) {
      return TextMistake{at, 1, fmt::format("{} cannot go on like this", what),
                         fmt::format("use lower-case letters and digits, with "
                                     "any of {} between them",
                                     extra)};
    }
    start = c == '/';
  }
  if (start) {
    return TextMistake{
        text.size() - 1, 1, fmt::format("{} cannot end in a slash", what), {}};
  }
  return std::nullopt;
}

Mistake check_scenario_id(std::string_view text) {
  return check_name(text, "._-/", "a scenario id");
}
Mistake check_id(std::string_view text) {
  return check_name(text, "._-", "an id");
}
Mistake check_tag(std::string_view text) {
  return check_name(text, "._-:", "a tag");
}

Mistake check_env_name(std::string_view text) {
  if (text.empty()) return whole(text, "a variable needs a name");
  if (const auto at = text.find('='); at != std::string_view::npos) {
    return TextMistake{at, 1, "a variable's name cannot hold =", {}};
  }
  return check_nul(text);
}

Mistake check_env_value(std::string_view text) {
  if (auto nul = check_nul(text)) return nul;
  return check_variables(text);
}

Mistake check_path(std::string_view text) {
  if (text.empty()) return whole(text, "the path is empty");
  return check_env_value(text);
}

Mistake check_program(std::string_view text) {
  if (text.empty()) return whole(text, "the program's name is empty");
  if (const auto at = text.find('/'); at != std::string_view::npos) {
    return TextMistake{at, 1, "a program's name cannot hold a slash",
                       "to take away one file, use hide"};
  }
  return check_nul(text);
}

Mistake check_device(std::string_view text) {
  if (text.empty()) return whole(text, "the device's name is empty");
  if (text.starts_with('/') || text.find("..") != std::string_view::npos) {
    return whole(text, "a device is named below /dev", "write \"null\"");
  }
  return check_nul(text);
}

Mistake check_duration(std::string_view text) {
  const auto ms = duration_ms(text);
  if (!ms) {
    return whole(text, fmt::format("\"{}\" is no duration", text),
                 "durations look like \"500ms\", \"60s\", \"1m30s\" or \"2h\"");
  }
  if (*ms == 0) return whole(text, "the duration is zero");
  if (*ms > kMaxTimeout) return whole(text, "the longest duration is 24h");
  return std::nullopt;
}

Mistake check_shift(std::string_view text) {
  if (!shift_seconds(text)) {
    return whole(text, fmt::format("\"{}\" is no shift of the clock", text),
                 "shifts look like \"+365d\", \"-24h\" or \"+1h30m\"");
  }
  return std::nullopt;
}

Mistake check_size(std::string_view text) {
  if (size_bytes(text)) return std::nullopt;
  return whole(text, fmt::format("\"{}\" is no size", text),
               "sizes look like \"4096B\", \"256KiB\", \"16MiB\" or \"1GiB\"");
}

Mistake check_mode(std::string_view text) {
  if (octal(text)) return std::nullopt;
  return whole(text, fmt::format("\"{}\" is no file mode", text),
               "modes are octal texts such as \"0644\"");
}

Mistake check_user(std::string_view text) {
  if (text == "root" || text == "nobody") return std::nullopt;
  std::uint32_t id = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, id);
  if (error == std::errc{} && rest == end && id < 65536) return std::nullopt;
  return whole(text, fmt::format("unknown user \"{}\"", text),
               "users are \"root\", \"nobody\" or a number below 65536");
}

Mistake check_version(std::string_view text) {
  if (text == "*") return std::nullopt;
  static const RE2 kWant(
      R"( *(?:>=|<=|!=|>|<|=) *[0-9]{1,6}(?:\.[0-9]{1,6})* *)");
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    if (!RE2::FullMatch(re2::StringPiece(part.data(), part.size()), kWant)) {
      return TextMistake{at, std::max<std::size_t>(1, part.size()),
                         fmt::format("\"{}\" is no version condition", part),
                         "conditions look like \">=1.20\", \"<1.24\", "
                         "\">=1.20, <1.24\" or \"*\""};
    }
    at = end + 1;
  }
  return std::nullopt;
}

Mistake check_signal(std::string_view text) {
  if (base::signal_number(std::string(text)) != 0) return std::nullopt;
  std::vector<std::string> names;
  for (int signal = 1; signal <= 31; ++signal) {
    names.push_back(base::signal_name(signal));
  }
  const std::string near = nearest(text, names);
  return whole(text, fmt::format("unknown signal \"{}\"", text),
               near.empty() ? "signals look like \"SIGKILL\""
                            : fmt::format("did you mean \"{}\"?", near));
}

Mistake check_errno(std::string_view text) {
  if (base::errno_number(text) != 0) return std::nullopt;
  std::vector<std::string> names;
  std::size_t size = 0;
  const auto* table = base::errno_table(&size);
  for (std::size_t i = 0; i < size; ++i) names.emplace_back(table[i].first);
  const std::string near = nearest(text, names);
  return whole(text, fmt::format("unknown errno \"{}\"", text),
               near.empty() ? "errno names look like \"ENOENT\""
                            : fmt::format("did you mean \"{}\"?", near));
}

Mistake check_syscall(std::string_view text) {
  if (const auto call = model::syscall_from_name(text);
      call && model::verb_of(*call)) {
    return std::nullopt;
  }
  std::vector<std::string> names;
  for (int i = 0; i < static_cast<int>(model::Syscall::Unknown); ++i) {
    const auto call = static_cast<model::Syscall>(i);
    if (model::verb_of(call)) names.emplace_back(model::syscall_name(call));
  }
  const std::string near = nearest(text, names);
  return whole(text, fmt::format("system call \"{}\" is not traced", text),
               near.empty()
                   ? fmt::format("traced are {}", fmt::join(names, ", "))
                   : fmt::format("did you mean \"{}\"?", near));
}

Mistake check_substring(std::string_view text) {
  if (text.empty()) return whole(text, "every output holds the empty text");
  return std::nullopt;
}

Mistake check_regex(std::string_view text) {
  if (text.empty()) return whole(text, "every output matches the empty regex");
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 regex(re2::StringPiece(text.data(), text.size()), options);
  if (regex.ok()) return std::nullopt;
  TextMistake mistake;
  mistake.message = fmt::format("bad regular expression: {}", regex.error());
  mistake.hint = "the syntax is RE2's: no look-around, no back-references";
  // The library names the part that it stumbled over.
  const std::string& part = regex.error_arg();
  const auto at = part.empty() ? std::string_view::npos : text.find(part);
  mistake.offset = at == std::string_view::npos ? 0 : at;
  mistake.length = at == std::string_view::npos ? text.size() : part.size();
  return mistake;
}

Mistake check_event_line(std::string_view text) {
  const auto line = parse_event_line(text, {{}, 1, 1, 1});
  if (line) return std::nullopt;
  const Diagnostic& bad = line.error();
  return TextMistake{bad.at.column - 1, bad.at.length, bad.message, bad.hint};
}

Mistake check_event_result(std::string_view text) {
  const auto result = parse_result(text);
  if (result) return std::nullopt;
  return result.error();
}

Mistake check_event_count(std::string_view text) {
  const auto count = parse_count(text);
  if (count) return std::nullopt;
  return count.error();
}

Mistake check_base64(std::string_view text) {
  if (base64_bytes(text)) return std::nullopt;
  return whole(text, "the text is no base64", "make it with: base64 FILE");
}

Mistake check_condition(std::string_view text) {
  if (condition(text)) return std::nullopt;
  return whole(text, fmt::format("\"{}\" is no condition", text),
               "conditions look like '${a} == ${b}', '${a} != $GOROOT' or "
               "'${a} under $GOROOT'");
}

Mistake check_matrix_name(std::string_view text) {
  static const RE2 kName("[a-z][a-z0-9_]*");
  if (RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kName)) {
    return std::nullopt;
  }
  return whole(text, fmt::format("\"{}\" is no name for a matrix", text),
               "use lower-case letters, digits and _; ${name} is replaced by "
               "the value");
}

}  // namespace

const TextFormat kPlainText{"text", "", check_nul};
const TextFormat kSentence{"text", R"(\S)", check_sentence};
const TextFormat kBytesText{"text", "", check_bytes};
const TextFormat kScenarioId{"id such as \"go/path-missing-gcc\"",
                             "^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$",
                             check_scenario_id};
const TextFormat kId{"id such as \"no-cc\"", "^[a-z0-9][a-z0-9._-]*$",
                     check_id};
const TextFormat kTag{"tag", "^[a-z0-9][a-z0-9._:-]*$", check_tag};
const TextFormat kEnvName{"variable", "^[^=]+$", check_env_name};
const TextFormat kEnvValue{"text", "", check_env_value};
const TextFormat kPath{"path", R"([\s\S])", check_path};
const TextFormat kSearchPath{"text", "", check_env_value};
const TextFormat kProgramGlob{"program", "^[^/]+$", check_program};
const TextFormat kProgramName{"program", "^[^/]+$", check_program};
const TextFormat kDeviceName{"device", "^[^/]", check_device};
const TextFormat kDuration{"duration such as \"60s\"",
                           "^([0-9]+(ms|s|m|h|d))+$", check_duration};
const TextFormat kTimeShift{"shift such as \"+365d\"",
                            "^[+-]([0-9]+(ms|s|m|h|d))+$", check_shift};
const TextFormat kSize{"size such as \"256KiB\"",
                       "^([0-9]+(B|KiB|MiB|GiB|TiB))+$", check_size};
const TextFormat kMode{"octal mode such as \"0644\"", "^[0-7]{3,4}$",
                       check_mode};
const TextFormat kUser{"user", "^(root|nobody|[0-9]+)$", check_user};
const TextFormat kVersionWant{
    "version condition such as \">=1.20\"",
    R"(^(\*|( *(>=|<=|!=|>|<|=) *[0-9]{1,6}(\.[0-9]{1,6})* *)(, *(>=|<=|!=|>|<|=) *[0-9]{1,6}(\.[0-9]{1,6})* *)*)$)",
    check_version};
const TextFormat kSignal{"signal such as \"SIGKILL\"", "^SIG[A-Z0-9]+$",
                         check_signal};
const TextFormat kErrno{"errno name such as \"ENOENT\"", "^E[A-Z0-9]+$",
                        check_errno};
const TextFormat kSyscallName{"system call", "^[a-z0-9_]+$", check_syscall};
const TextFormat kSubstring{"text", R"([\s\S])", check_substring};
const TextFormat kRegex{"RE2 regular expression", R"([\s\S])", check_regex};
const TextFormat kEventLine{
    "event line",
    R"(^[ \t]*(exec|open|stat|readlink|mkdir|getcwd|write|map|spawn|connect|lookup|load|any)[ \t]+\S)",
    check_event_line};
const TextFormat kEventResult{"result", "^[A-Za-z0-9-]+$", check_event_result};
const TextFormat kEventGlob{"path glob", R"([\s\S])", check_glob};
const TextFormat kEventCount{"count such as \">=2\"",
                             R"(^([0-9]+|>=[0-9]+|<=[0-9]+|[0-9]+\.\.[0-9]+)$)",
                             check_event_count};

const TextFormat kBase64{"base64 text", R"(^[A-Za-z0-9+/=\s]*$)", check_base64};
const TextFormat kCondition{"condition such as '${a} == ${b}'",
                            R"(\S[ \t]+(==|!=|under)[ \t]+\S)",
                            check_condition};
const TextFormat kMatrixName{"name", "^[a-z][a-z0-9_]*$", check_matrix_name};
const TextFormat kImageGlob{"image glob", R"(\S)", check_sentence};

std::optional<std::uint64_t> duration_ms(std::string_view text) {
  return measured(text, kTimeUnits);
}

std::optional<std::int64_t> shift_seconds(std::string_view text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto ms = measured(text.substr(1), kTimeUnits);
  if (!ms || *ms > kMaxShift) return std::nullopt;
  const auto seconds = static_cast<std::int64_t>(*ms / 1000);
  return text[0] == '-' ? -seconds : seconds;
}

std::optional<std::uint64_t> size_bytes(std::string_view text) {
  const auto size = measured(text, kSizeUnits);
  // What ftruncate(2) and setrlimit(2) can take.
  if (!size || *size > std::numeric_limits<std::int64_t>::max()) {
    return std::nullopt;
  }
  return size;
}

std::optional<std::uint32_t> octal(std::string_view text) {
  std::uint32_t mode = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, mode, 8);
  if (text.size() < 3 || text.size() > 4 || error != std::errc{} ||
      rest != end) {
    return std::nullopt;
  }
  return mode;
}

std::optional<std::string> base64_bytes(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    const auto value = kDigits.find(c);
    if (c == '=' ? ++padding > 2 : value == std::string_view::npos) {
      return std::nullopt;
    }
    if (c != '=' && padding > 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(c == '=' ? 0 : value);
    if (++digits % 4 != 0) continue;
    for (const int shift : {16, 8, 0}) {
      bytes += static_cast<char>(bits >> shift & 0xff);
    }
    bits = 0;
  }
  if (digits % 4 != 0) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::vector<std::string> named_groups(const std::string& regex) {
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 compiled(regex, options);
  std::vector<std::string> names;
  if (!compiled.ok()) return names;
  for (const auto& [number, name] : compiled.CapturingGroupNames()) {
    names.push_back(name);
  }
  return names;
}

std::optional<Condition> condition(std::string_view text) {
  static const RE2 kForm(R"(\s*(\S.*?)\s+(==|!=|under)\s+(\S.*?)\s*)");
  Condition parts;
  std::string kind;
  if (!RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kForm,
                      &parts.left, &kind, &parts.right)) {
    return std::nullopt;
  }
  parts.kind = kind == "=="   ? Condition::Kind::Equal
               : kind == "!=" ? Condition::Kind::Unequal
                              : Condition::Kind::Under;
  parts.text = std::string(text);
  return parts;
}

}  // namespace driftcage::scenario
