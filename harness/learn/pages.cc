// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/pages.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/learn/course.h"
#include "harness/learn/screens.h"
#include "harness/report/escape.h"
namespace driftcage::learn {
namespace {

std::string page_name(std::size_t number) {
  return fmt::format("lesson-{:02}.md", number);
}

std::string folded(const std::string& summary, const std::string& body) {
  return "<details><summary>" + summary + "</summary>\n\n" + body +
         "\n</details>\n\n";
}

// A fence that nothing in `text` can close.
std::string block(const std::string& text) {
  std::string fence = "```";
  while (text.find(fence) != std::string::npos) fence += '`';
  std::string body = text;
  if (body.empty() || body.back() != '\n') body += '\n';
  return fence + "\n" + body + fence + "\n";
}

std::string files_of(const scenario::Scenario& lesson) {
  constexpr std::size_t kMost = 600;  // of one file
  std::string text;
  for (const scenario::FileChange& file : lesson.baseline.files) {
    if (!file.text || file.text->size() > kMost) continue;
    if (report::printable_text(*file.text) != *file.text) {
      text += fmt::format("`{}`: {} bytes that are no text\n\n", file.path,
                          file.text->size());
      continue;
    }
    text += fmt::format("`{}`:\n\n{}\n", file.path, block(*file.text));
  }
  return text;
}

std::string lines_table(const scenario::Expect& expect) {
  std::string text =
      "| line of the trace | healthy | broken |\n|---|---|---|\n";
  const auto add = [&text](const std::vector<model::EventLine>& lines,
                           const char* healthy, const char* broken) {
    for (const model::EventLine& line : lines) {
      std::string shown = line.text;
      if (line.is_sequence()) {
        shown.clear();
        for (const model::EventLine& step : line.steps) {
          shown += (shown.empty() ? "" : ", then ") + step.text;
        }
      }
      for (std::size_t at = 0; (at = shown.find('|', at)) != shown.npos;
           at += 2) {
        shown.insert(at, "\\");
      }
      text += fmt::format("| `{}` | {} | {} |\n", shown, healthy, broken);
    }
  };
  add(expect.see, "–", "yes");
  add(expect.never, "yes", "–");
  add(expect.keep, "yes", "yes");
  return text;
}

std::string answers(const scenario::Scenario& lesson) {
  std::string text = wrapped(lesson.about) + "\n" + lines_table(lesson.expect);
  text += "\n" + wrapped(lesson.learn->debrief) + "\n";
  for (const scenario::Fix& fix : lesson.fixes) {
    if (fix.say.empty()) continue;
    text += wrapped(fix.say, fix.wrong ? "- does not help: " : "- helps: ");
    const auto typed = lesson.learn->type.find(fix.id);
    if (typed == lesson.learn->type.end()) continue;
    for (const std::string& line : typed->second) {
      text += "  `" + line + "`\n";
    }
  }
  return text;
}

std::string lesson_page(const scenario::Scenario& lesson, std::size_t number,
                        std::size_t of) {
  std::string text = fmt::format("# Lesson {} of {}, level {}\n\n", number, of,
                                 lesson.learn->level);
  text += wrapped(lesson.learn->story) + "\n";
  text += wrapped(goal_text(lesson) + ".", "Goal: ") + "\n";
  text += block(command_text(lesson));
  for (const scenario::OutputPattern& pattern : lesson.expect.leg.output) {
    if (pattern.regex) continue;
    text += "\nIt says, among other things:\n\n" + block(pattern.text);
  }
  text += "\n";
  const std::string files = files_of(lesson);
  if (!files.empty()) text += folded("The files", files);
  text += "**" + lesson.learn->ask + "**\n\n";
  for (std::size_t i = 0; i < lesson.learn->hints.size(); ++i) {
    text +=
        folded(fmt::format("Hint {}", i + 1), wrapped(lesson.learn->hints[i]));
  }
  text += folded("What was behind it", answers(lesson));
  text += fmt::format("With a terminal: `driftcage learn {}`.\n", lesson.id);
  return text;
}

}  // namespace

std::map<std::string, std::string> course_pages(
    const std::vector<const scenario::Scenario*>& course) {
  std::map<std::string, std::string> pages;
  std::string index =
      "# The course\n\n"
      "The lessons of `driftcage learn`, to be read or projected. This folder "
      "is written\nby `driftcage learn pages docs/learn`; what it says stands "
      "in the scenarios.\n";
  int level = 0;
  for (std::size_t i = 0; i < course.size(); ++i) {
    const scenario::Scenario& lesson = *course[i];
    if (lesson.learn->level != level) {
      level = lesson.learn->level;
      index += fmt::format("\n## Level {}\n\n", level);
    }
    index +=
        fmt::format("{}. [{}]({})\n", i + 1,
                    first_sentence(lesson.learn->story, 90), page_name(i + 1));
    pages[page_name(i + 1)] = lesson_page(lesson, i + 1, course.size());
  }
  pages["README.md"] = std::move(index);
  return pages;
}

}  // namespace driftcage::learn
