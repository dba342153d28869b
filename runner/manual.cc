// SPDX-License-Identifier: Apache-2.0
#include "runner/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "runner/help.h"

namespace driftcage::runner {
namespace {

constexpr std::string_view kExamples = "Examples:\n";

// Text as man(7) must have it to print it: a backslash and a hyphen mean
// something, and a full stop or a quote at a line's beginning too.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool begins = out.empty() || out.back() == '\n';
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

// Lines that keep their breaks.
std::string verbatim(std::string_view text) {
  return fmt::format(".nf\n{}\n.fi\n", escaped(text));
}

// Paragraphs, which are filled.
std::string filled(std::string_view text) {
  std::string out = escaped(text);
  for (std::size_t at = out.find("\n\n"); at != std::string::npos;
       at = out.find("\n\n", at)) {
    out.replace(at, 2, "\n.PP\n");
  }
  return out + "\n";
}

std::string trimmed(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text);
}

std::string spoken_name(const CLI::App& app) {
  return app.get_parent() == nullptr
             ? app.get_name()
             : spoken_name(*app.get_parent()) + " " + app.get_name();
}

std::string entry(const std::string& label, const std::string& text) {
  return fmt::format(".TP\n.B {}\n{}\n", escaped(label), escaped(text));
}

const CLI::App& top_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app : top_of(*app.get_parent());
}

std::string synopsis(const CLI::App& app, bool has_commands, bool has_options) {
  std::string text = ".B " + escaped(spoken_name(app)) + "\n";
  if (has_commands) text += ".I COMMAND\n";
  if (has_options) text += "[\\fIOPTION\\fR...]\n";
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      text += escaped(option->get_option_text()) + "\n";
    }
  }
  // The one argument that CLI11 does not see.
  if (app.get_name() == "trace") text += "\\-\\- CMD [ARG...]\n";
  return text;
}

}  // namespace

std::string manual_name(const CLI::App& app) {
  std::string name = spoken_name(app);
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::vector<const CLI::App*> manual_apps(const CLI::App& app) {
  std::vector<const CLI::App*> all{&app};
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    const auto below = manual_apps(*command);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

std::string manual_page(const CLI::App& app) {
  std::string arguments;
  std::string options;
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? arguments : options) +=
        entry(option->get_positional() ? option->get_option_text()
                                       : option_label(*option),
              option->get_description());
  }
  std::string commands;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    commands += entry(command->get_name(), command->get_description());
  }
  std::string title = manual_name(app);
  std::ranges::transform(title, title.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  // No date: the same program gives the same pages on every day.
  std::string page = fmt::format(
      ".TH {} 1 \"\" \"driftcage {}\" \"User Commands\"\n"
      ".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}",
      escaped(title), DRIFTCAGE_VERSION, escaped(manual_name(app)),
      escaped(app.get_description()),
      synopsis(app, !commands.empty(), !options.empty()));
  const std::string footer = app.get_footer();
  const std::size_t examples = footer.find(kExamples);
  const std::string before = trimmed(footer.substr(0, examples));
  std::string after;
  std::string shown;
  if (examples != std::string::npos) {
    shown = footer.substr(examples + kExamples.size());
    // What follows the examples, behind an empty line.
    if (const std::size_t end = shown.find("\n\n"); end != std::string::npos) {
      after = shown.substr(end + 2);
      shown.resize(end);
    }
  }
  page += ".SH DESCRIPTION\n" + filled(app.get_description());
  if (!before.empty()) page += ".PP\n" + filled(before);
  if (!after.empty()) page += ".PP\n" + filled(trimmed(after));
  if (!commands.empty()) page += ".SH COMMANDS\n" + commands;
  if (!arguments.empty()) page += ".SH ARGUMENTS\n" + arguments;
  if (!options.empty()) page += ".SH OPTIONS\n" + options;
  if (!shown.empty()) page += ".SH EXAMPLES\n" + verbatim(trimmed(shown));
  std::string others;
  const CLI::App& top = top_of(app);
  for (const CLI::App* other : manual_apps(top)) {
    if (other == &app) continue;
    if (other != &top && other->get_parent() != &app &&
        other->get_parent() != app.get_parent()) {
      continue;
    }
    others += (others.empty() ? "" : ",\n") +
              (".BR " + escaped(manual_name(*other))) + " (1)";
  }
  return page + ".SH SEE ALSO\n" + others + "\n";
}

}  // namespace driftcage::runner
