// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/draft.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <string_view>

#include "harness/scenario/toml_text.h"

namespace driftcage::mine {
namespace {

using scenario::toml_key;
using scenario::toml_list;
using scenario::toml_string;

// `key = value` lines with their equal signs below each other, as the shipped
// scenarios have them. Values over several lines stay as they are.
class Aligned {
 public:
  void add(std::string key, std::string value) {
    if (!value.empty()) lines_.emplace_back(std::move(key), std::move(value));
  }
  // A line that holds its own equal sign.
  void line(const std::string& text) {
    const std::size_t at = text.find(" = ");
    at == std::string::npos ? add(text, " ")
                            : add(text.substr(0, at), text.substr(at + 3));
  }
  [[nodiscard]] std::string text() const {
    std::size_t width = 0;
    for (const auto& [key, value] : lines_) width = std::max(width, key.size());
    std::string out;
    for (const auto& [key, value] : lines_) {
      out += fmt::format("{:{}} = {}\n", key, width, value);
    }
    return out;
  }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

// "Tempting: clean the build cache. It does not help."
std::string tempting(std::string say) {
  if (!say.empty() && say[0] >= 'A' && say[0] <= 'Z') {
    say[0] = static_cast<char>(say[0] - 'A' + 'a');
  }
  return "Tempting: " + say + " It does not help.";
}

std::string list_or_nothing(const std::vector<std::string>& list) {
  return list.empty() ? std::string() : toml_list(list);
}

// The table that a line opens: "expect" for `[expect]` and `[[expect.event]]`.
std::string opened_table(std::string_view line) {
  static const RE2 kHeader(R"(\s*\[\[?\s*([A-Za-z0-9_-]+).*)");
  std::string name;
  RE2::FullMatch(re2::StringPiece(line.data(), line.size()), kHeader, &name);
  return name;
}

// Whether a ''' or """ string is open after the line.
bool leaves_block_open(std::string_view line, std::string* open) {
  std::size_t at = 0;
  while (at < line.size()) {
    if (open->empty()) {
      const std::size_t next =
          std::min(line.find("'''", at), line.find("\"\"\"", at));
      if (next == std::string_view::npos) break;
      *open = std::string(line.substr(next, 3));
      at = next + 3;
    } else {
      const std::size_t end = line.find(*open, at);
      if (end == std::string_view::npos) break;
      open->clear();
      at = end + 3;
    }
  }
  return !open->empty();
}

}  // namespace

std::string head_text(const Head& head) {
  std::string text;
  Aligned top;
  top.add("schema", "1");
  top.add("id", toml_string(head.id));
  top.add("title", toml_string(head.title));
  if (!head.about.empty()) top.add("about", scenario::toml_block(head.about));
  top.add("tags", list_or_nothing(head.tags));
  top.add("refs", list_or_nothing(head.refs));
  top.add("run", toml_list(head.run));
  top.add("timeout", head.timeout.empty() ? "" : toml_string(head.timeout));
  for (const std::string& line : head.baseline) top.line(line);
  text += top.text();
  if (!head.tools.empty()) {
    std::string tools;
    for (const auto& [name, version] : head.tools) {
      tools += fmt::format("{}{} = {}", tools.empty() ? "" : ", ",
                           toml_key(name), toml_string(version));
    }
    text += fmt::format("\n[needs]\ntools = {{ {} }}\n", tools);
  }
  if (!head.files.empty()) {
    Aligned files;
    for (const auto& [name, content] : head.files) {
      files.add(toml_string(name), scenario::toml_block(content));
    }
    text += "\n[files]\n" + files.text();
  }
  Aligned fault;
  fault.add("id", toml_string(head.fault_id));
  for (const std::string& line : head.fault) fault.line(line);
  return text + "\n[[fault]]\n" + fault.text();
}

std::string compose(const std::string& head, const Signature& signature,
                    const std::vector<Fix>& fixes) {
  Aligned expect;
  expect.add("exit", signature.exit);
  if (!signature.error.empty()) {
    expect.add("stderr", toml_string(signature.error));
  }
  if (!signature.output.empty()) {
    expect.add("stdout", toml_string(signature.output));
  }
  expect.add("see", list_or_nothing(signature.see));
  expect.add("never", list_or_nothing(signature.never));
  expect.add("keep", list_or_nothing(signature.keep));
  std::string text = head + "\n[expect]\n" + expect.text();
  for (const Fix& fix : fixes) {
    Aligned lines;
    lines.add("id", toml_string(fix.idea.id));
    lines.add("say",
              toml_string(fix.wrong ? tempting(fix.idea.say) : fix.idea.say));
    for (const std::string& several : fix.idea.lines) {
      std::size_t at = 0;
      while (at < several.size()) {
        const std::size_t end =
            std::min(several.find('\n', at), several.size());
        lines.line(several.substr(at, end - at));
        at = end + 1;
      }
    }
    if (fix.wrong) lines.add("wrong", "true");
    text += "\n[[fix]]\n" + lines.text();
  }
  return text;
}

void for_each_line(const std::string& text,
                   const std::function<void(const std::string& line,
                                            bool inside_text)>& visit) {
  std::string open;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const bool inside = !open.empty();
    const bool stays = leaves_block_open(line, &open);
    visit(line, inside || stays);
  }
}

std::string head_of(const std::string& scenario, const std::string& id) {
  static const RE2 kId(R"((\s*id\s*=\s*).*)");
  std::string out;
  bool skipping = false;
  bool top = true;
  for_each_line(scenario, [&](const std::string& line, bool inside_text) {
    std::string kept = line;
    if (!inside_text) {
      if (const std::string table = opened_table(line); !table.empty()) {
        top = false;
        skipping = table == "expect" || table == "fix" || table == "control" ||
                   table == "learn" || table == "xfail";
      }
      std::string before;
      if (top && RE2::FullMatch(line, kId, &before)) {
        kept = before + toml_string(id);
      }
    }
    if (!skipping) out += kept + "\n";
  });
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace driftcage::mine
