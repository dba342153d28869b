// SPDX-License-Identifier: Apache-2.0
#include "runner/help.h"

#include <fmt/format.h>

#include <string_view>

namespace driftcage::runner {
namespace {

constexpr std::size_t kColumn = 26;

std::string join(std::string head, const char* separator,
                 const std::string& tail) {
  if (!head.empty()) head += separator;
  return head + tail;
}

// Lines that are too long are broken at their last blank that fits.
std::string wrapped(const std::string& text) {
  constexpr std::size_t kWidth = 66;
  std::string out;
  std::size_t begin = 0;
  std::size_t blank = std::string::npos;
  for (const char c : text) {
    out += c;
    if (c == ' ') blank = out.size() - 1;
    if (c == '\n') {
      begin = out.size();
      blank = std::string::npos;
    } else if (out.size() - begin > kWidth && blank != std::string::npos) {
      out[blank] = '\n';
      begin = blank + 1;
      blank = std::string::npos;
    }
  }
  return out;
}

// One row; a label that is too long gets a line of its own.
std::string row(const std::string& label, const std::string& text) {
  std::string indented;
  for (const char c : wrapped(text)) {
    indented += c;
    if (c == '\n') indented.append(kColumn + 2, ' ');
  }
  if (label.size() + 1 < kColumn)
    return fmt::format("  {:<{}}{}\n", label, kColumn, indented);
  return fmt::format("  {}\n{:{}}{}\n", label, "", kColumn + 2, indented);
}

}  // namespace

std::string option_label(const CLI::Option& option) {
  std::string label;
  for (const std::string& name : option.get_snames())
    label = join(label, ", ", "-" + name);
  for (const std::string& name : option.get_lnames())
    label = join(label, ", ", "--" + name);
  if (!option.get_option_text().empty())
    label = join(label, " ", option.get_option_text());
  return label;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string /*name*/,
                                     CLI::AppFormatMode /*mode*/) const {
  std::string usage = app->get_name();
  for (const CLI::App* up = app->get_parent(); up != nullptr;
       up = up->get_parent())
    usage = up->get_name() + " " + usage;

  std::string options;
  std::string arguments;
  for (const CLI::Option* option : app->get_options()) {
    if (option->get_positional()) {
      arguments += row(option->get_option_text(), option->get_description());
      usage += " " + option->get_option_text();
    } else {
      options += row(option_label(*option), option->get_description());
    }
  }
  std::string commands;
  for (const CLI::App* command : app->get_subcommands(nullptr))
    commands += row(command->get_name(), command->get_description());

  std::string text = app->get_description() + "\n\nUsage: " + usage;
  if (!commands.empty()) text += " COMMAND";
  if (!options.empty()) text += " [OPTION...]";
  // The one argument that CLI11 does not see.
  if (app->get_name() == "trace" || app->get_name() == "new") {
    text += " -- CMD [ARG...]";
  }
  text += "\n";
  if (!commands.empty()) text += "\nCommands:\n" + commands;
  if (!arguments.empty()) text += "\nArguments:\n" + arguments;
  if (!options.empty()) text += "\nOptions:\n" + options;
  if (!app->get_footer().empty()) text += "\n" + app->get_footer() + "\n";
  return text;
}

}  // namespace driftcage::runner
