// SPDX-License-Identifier: Apache-2.0
#include "runner/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "harness/report/formats.h"

namespace driftcage::runner {
namespace {

// The words that an option or argument takes, when its help text lists them:
// "auto|always|never", "[failed|missed|all] [RUN]".
std::vector<std::string> choices(const CLI::Option& option) {
  std::string text = option.get_option_text();
  if (text == "FORMAT=FILE") {
    std::vector<std::string> words;
    for (const auto& format : report::formats())
      words.push_back(std::string(format.name) + "=");
    return words;
  }
  // Not one of the names that `list_of` knows, and can be more than that.
  if (text == "REF" && !option.get_positional()) return {"host"};
  if (text.starts_with('[')) text = text.substr(1, text.find(']') - 1);
  // "PATH|ID" are kinds of words, and no words.
  const bool listed = text.find('|') != std::string::npos;
  if (!listed ||
      text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos) {
    return {};
  }
  std::vector<std::string> words;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t bar = std::min(text.find('|', from), text.size());
    words.push_back(text.substr(from, bar - from));
    from = bar + 1;
  }
  return words;
}

// What stands in single quotes of a shell must not end them.
std::string shell_quoted(std::string_view text,
                         std::string_view also_escape = {}) {
  std::string safe = "'";
  for (const char c : text) {
    if (c == '\'') {
      safe += "'\\''";
      continue;
    }
    if (also_escape.find(c) != std::string_view::npos) safe += '\\';
    safe += c;
  }
  return safe + "'";
}

// Descriptions are broken into lines for `--help`.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

struct Command {
  std::string name;  // "run", "image build"
  std::string description;
  std::vector<const CLI::Option*> options;
  std::vector<std::string> words;  // of its argument; of a group, its commands
  bool group = false;
  // Arguments of driftcage that print what its own take.
  std::vector<std::string> lists;
};

// How the program lists what an option or argument takes; empty: it does not.
std::string list_of(const std::string& text) {
  if (text.find("RUN") != std::string::npos ||
      text.find("BEFORE") != std::string::npos ||
      text.find("AFTER") != std::string::npos) {
    return "report --names";
  }
  if (text.find("ID") != std::string::npos) return "list --ids";
  if (text.find("LESSON") != std::string::npos) return "learn --names";
  if (text.find("REF") != std::string::npos ||
      text.find("RECIPE") != std::string::npos)
    return "image list --names";
  return {};
}

void add_commands(const CLI::App& app, const std::string& prefix,
                  std::vector<Command>& commands) {
  for (const CLI::App* sub : app.get_subcommands(nullptr)) {
    Command command;
    command.name = prefix + sub->get_name();
    command.description = sub->get_description();
    for (const CLI::Option* option : sub->get_options()) {
      if (!option->get_positional()) {
        command.options.push_back(option);
        continue;
      }
      command.words = choices(*option);
      std::string list = list_of(option->get_option_text());
      if (list.empty()) continue;
      if (std::find(command.lists.begin(), command.lists.end(), list) ==
          command.lists.end()) {
        command.lists.push_back(std::move(list));
      }
    }
    for (const CLI::App* below : sub->get_subcommands(nullptr)) {
      command.words.push_back(below->get_name());
      command.group = true;
    }
    const std::string below = command.name + " ";
    commands.push_back(std::move(command));
    add_commands(*sub, below, commands);
  }
}

std::vector<Command> commands_of(const CLI::App& app) {
  std::vector<Command> commands;
  add_commands(app, "", commands);
  return commands;
}

bool is_top(const Command& command) {
  return command.name.find(' ') == std::string::npos;
}

std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames())
    names.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    names.push_back("--" + name);
  return names;
}

// Bash: what `driftcage ARGUMENTS` prints, joined to the words before.
std::string listing(const std::string& arguments) {
  if (arguments.empty()) return {};
  return "\" $(\"${COMP_WORDS[0]}\" " + arguments + " 2>/dev/null)\"";
}

std::string bash(const std::vector<Command>& commands) {
  std::string names;
  std::string groups;
  std::string cases;
  std::string values;
  for (const Command& command : commands) {
    if (is_top(command)) names += command.name + " ";
    // A word of a group is seen as a command of its own.
    const std::string pattern =
        is_top(command) ? command.name : shell_quoted(command.name);
    if (command.group) groups += "|" + command.name;
    std::vector<std::string> words;
    for (const CLI::Option* option : command.options) {
      for (const std::string& name : spellings(*option)) {
        words.push_back(name);
        if (option->get_option_text().empty()) continue;
        // Without words, bash falls back to file names.
        std::string line =
            shell_quoted(fmt::format("{}", fmt::join(choices(*option), " ")));
        line += listing(list_of(option->get_option_text()));
        values += fmt::format("    {}:{}) words={} ;;\n", pattern, name, line);
      }
    }
    for (const std::string& word : command.words) words.push_back(word);
    std::string line = shell_quoted(fmt::format("{}", fmt::join(words, " ")));
    for (const std::string& list : command.lists) line += listing(list);
    cases += fmt::format("    {}:*) words={} ;;\n", pattern, line);
  }
  return "# bash completion of driftcage\n"
         "_driftcage() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} command='' words='' i\n"
         "  local before=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  COMPREPLY=()\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i]} in\n"
         "      --) COMPREPLY=($(compgen -c -- \"$current\")); return ;;\n"
         "      -*) ;;\n"
         "      *) case $command in\n"
         "           '') command=${COMP_WORDS[i]} ;;\n"
         "           " +
         groups.substr(1) +
         ") command+=\" ${COMP_WORDS[i]}\" ;;\n"
         "         esac ;;\n"
         "    esac\n"
         "  done\n"
         "  case $command:$before in\n"
         "    :*) words=" +
         shell_quoted(names + "--help --version") + " ;;\n" + values + cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null\n"
         "}\n"
         "complete -o default -F _driftcage driftcage\n";
}

// How zsh completes the value of an option.
std::string zsh_action(const CLI::Option& option) {
  const std::vector<std::string> words = choices(option);
  const std::string list = list_of(option.get_option_text());
  if (!list.empty()) {
    return fmt::format("{{compadd -- {} $(driftcage {} 2>/dev/null); _files}}",
                       fmt::join(words, " "), list);
  }
  if (words.empty()) return "_files";
  const std::string all = fmt::format("{}", fmt::join(words, " "));
  if (!words.front().ends_with('=')) return "(" + all + ")";
  // A file stands behind it.
  return "{if compset -P \"*=\"; then _files; else compadd -S \"\" -- " + all +
         "; fi}";
}

std::string zsh(const std::vector<Command>& commands) {
  std::string names;
  std::string cases;
  for (const Command& command : commands) {
    if (!is_top(command)) continue;  // its words and options are enough
    names += fmt::format(
        "    {}\n", shell_quoted(command.name + ":" + command.description));
    cases += fmt::format("    {})\n      _arguments", command.name);
    for (const CLI::Option* option : command.options) {
      const std::vector<std::string> words = choices(*option);
      for (const std::string& name : spellings(*option)) {
        // Brackets end the description (zshcompsys(1), _arguments).
        std::string spec = name + "[";
        for (const char c : one_line(option->get_description()))
          spec +=
              c == '[' || c == ']' ? std::string("\\") + c : std::string(1, c);
        spec += "]";
        if (!option->get_option_text().empty())
          spec += ":value:" + zsh_action(*option);
        cases += " \\\n        " + shell_quoted(spec);
      }
    }
    if (command.lists == std::vector<std::string>{"list --ids"}) {
      cases += " \\\n        '*:scenario:_driftcage_ids'";
    } else if (!command.lists.empty()) {
      // Folders of records and files of scenarios are files.
      std::string calls;
      for (const std::string& list : command.lists)
        calls += "driftcage " + list + " 2>/dev/null; ";
      cases += " \\\n        '*:name:{compadd -- " +
               fmt::format("{} $(", fmt::join(command.words, " ")) + calls +
               "); _files}'";
    } else if (!command.words.empty()) {
      cases += fmt::format(" \\\n        '1:word:({})'",
                           fmt::join(command.words, " "));
    }
    if (command.name == "trace" || command.name == "new")
      cases += " \\\n        '*::command:_normal'";
    cases += "\n      ;;\n";
  }
  return "#compdef driftcage\n"
         "_driftcage_ids() {\n"
         "  local -a ids=(${(f)\"$(driftcage list --ids 2>/dev/null)\"})\n"
         "  _alternative 'ids:id:compadd -a ids' 'files:file:_files'\n"
         "}\n"
         "_driftcage() {\n"
         "  local -a commands=(\n" +
         names +
         "  )\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  shift words\n"
         "  (( CURRENT-- ))\n"
         "  case $words[1] in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _driftcage ]]; then\n"
         "  _driftcage \"$@\"\n"
         "else\n"
         "  compdef _driftcage driftcage\n"
         "fi\n";
}

// A command of a group: what it lists and its options.
std::string fish_group_command(const Command& command) {
  const std::string seen = fmt::format(
      "complete -c driftcage -n {}",
      shell_quoted("string match -q -- '" + command.name +
                   " *' (commandline -cp | string replace -r '^\\\\S+ ' '')"));
  std::string text;
  for (const std::string& list : command.lists)
    text += fmt::format("{} -a '(driftcage {} 2>/dev/null)'\n", seen, list);
  for (const CLI::Option* option : command.options) {
    std::string line = seen;
    for (const std::string& name : option->get_lnames()) line += " -l " + name;
    text +=
        fmt::format("{} -d {}\n", line,
                    shell_quoted(one_line(option->get_description()), "\\"));
  }
  return text;
}

std::string fish(const std::vector<Command>& commands) {
  std::string text = "# fish completion of driftcage\n";
  for (const Command& command : commands) {
    if (!is_top(command)) {
      text += fish_group_command(command);
      continue;
    }
    text += fmt::format(
        "complete -c driftcage -n __fish_use_subcommand -f -a {} -d {}\n",
        command.name, shell_quoted(command.description, "\\"));
    const std::string seen = fmt::format(
        "complete -c driftcage -n {}",
        shell_quoted("__fish_seen_subcommand_from " + command.name));
    for (const CLI::Option* option : command.options) {
      std::string line = seen;
      for (const std::string& name : option->get_snames())
        line += " -s " + name;
      for (const std::string& name : option->get_lnames())
        line += " -l " + name;
      std::string values = fmt::format("{}", fmt::join(choices(*option), " "));
      const std::string list = list_of(option->get_option_text());
      // Names stand for some of what there is; files are others.
      if (!list.empty())
        line += " -r -a " + shell_quoted(fmt::format(
                                "{} (driftcage {} 2>/dev/null)", values, list));
      else if (!values.empty())
        line += (values.ends_with('=') ? " -r -a " : " -x -a ") +
                shell_quoted(values);
      else if (!option->get_option_text().empty())
        line += " -r";
      text +=
          fmt::format("{} -d {}\n", line,
                      shell_quoted(one_line(option->get_description()), "\\"));
    }
    for (const std::string& list : command.lists)
      text += fmt::format("{} -a '(driftcage {} 2>/dev/null)'\n", seen, list);
    if (!command.words.empty())
      text += fmt::format(
          "{} -f -a {}\n", seen,
          shell_quoted(fmt::format("{}", fmt::join(command.words, " "))));
  }
  return text;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  const std::vector<Command> commands = commands_of(app);
  if (shell == "bash") return bash(commands);
  if (shell == "zsh") return zsh(commands);
  return fish(commands);
}

}  // namespace driftcage::runner
