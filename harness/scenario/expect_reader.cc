// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/wait_status.h"
#include "harness/scenario/event_parts.h"
#include "harness/scenario/parser.h"
#include "harness/scenario/reader.h"
#include "harness/scenario/text_format.h"

namespace driftcage::scenario {
namespace {

ExitPattern read_exit(const Node& node, const std::string& file) {
  ExitPattern exit;
  exit.at = range_of(node.at, file);
  switch (node.kind) {
    case Kind::Integer:
      exit.codes = {static_cast<int>(node.integer)};
      break;
    case Kind::Array:
      exit.codes.clear();
      for (const Node& item : node.items) {
        exit.codes.push_back(static_cast<int>(item.integer));
      }
      break;
    case Kind::Table: {
      const std::string signal = text_of(node, "signal");
      exit.kind =
          signal.empty() ? ExitPattern::Kind::Spawn : ExitPattern::Kind::Signal;
      exit.signal = signal.empty() ? 0 : base::signal_number(signal);
      exit.spawn_err = base::errno_number(text_of(node, "spawn"));
      break;
    }
    default:
      exit.kind = node.text == "any" ? ExitPattern::Kind::Any
                                     : ExitPattern::Kind::Nonzero;
      break;
  }
  return exit;
}

void read_output(const Node& node, OutputPattern pattern, LegExpect* expect,
                 const Mistakes& mistakes) {
  if (node.kind == Kind::Text) {
    pattern.text = node.text;
    pattern.at = range_of(node.at, mistakes.file());
    expect->output.push_back(std::move(pattern));
  } else if (node.kind == Kind::Array) {
    for (const Node& item : node.items) {
      read_output(item, pattern, expect, mistakes);
    }
  }
}

void read_lines(const Node& table, std::string_view key,
                std::vector<model::EventLine>* lines,
                const Mistakes& mistakes) {
  const Node* list = table.get(key, Kind::Array);
  if (list == nullptr) return;
  for (const Node& item : list->items) {
    const Span at =
        place_in_text(mistakes.source(), item.at, 0, item.text.size());
    auto line = parse_event_line(item.text, range_of(at, mistakes.file()));
    if (line) lines->push_back(std::move(*line));
  }
}

std::vector<model::EventLine>& list_for(const Node& table, Expect* expect) {
  const std::string in = text_of(table, "in");
  return in == "never"  ? expect->never
         : in == "keep" ? expect->keep
                        : expect->see;
}

// One [[expect.sequence]].
void read_sequence(const Node& table, Expect* expect, Mistakes* mistakes) {
  model::EventLine line;
  line.at = range_of(table.at, mistakes->file());
  read_lines(table, "steps", &line.steps, *mistakes);
  read_lines(table, "gap_never", &line.gap_never, *mistakes);
  line.each([&](const model::EventLine& part) {
    if (part.count == model::CountRange{}) return;
    mistakes->add({0, part.at.line, part.at.column, part.at.length},
                  "a line of a sequence has no count",
                  "name the step twice when it must come twice");
  });
  for (const model::EventLine& step : line.steps) {
    line.text += (line.text.empty() ? "" : " -> ") + step.text;
  }
  line.say = text_of(table, "say");
  line.hint = text_of(table, "hint");
  line.id = text_of(table, "id");
  if (line.is_sequence()) list_for(table, expect).push_back(std::move(line));
}

void read_conditions(const Node& table, Expect* expect,
                     const Mistakes& mistakes) {
  const Node* list = table.get("where", Kind::Array);
  if (list == nullptr) return;
  for (const Node& item : list->items) {
    auto parts = condition(item.text);
    if (!parts) continue;
    parts->at = range_of(item.at, mistakes.file());
    expect->where.push_back(std::move(*parts));
  }
}

// One [[expect.event]].
void read_event(const Node& table, Expect* expect, Mistakes* mistakes) {
  model::EventLine line;
  line.at = range_of(table.at, mistakes->file());
  line.verb = parse_verb(text_of(table, "verb")).value_or(std::nullopt);
  line.subject = text_of(table, "subject");
  line.by = text_of(table, "by");
  if (const Node* result = table.get("result", Kind::Text)) {
    line.result = parse_result(result->text).value_or(model::ResultPattern{});
  }
  if (const Node* count = table.get("count", Kind::Text)) {
    line.count = parse_count(count->text).value_or(model::CountRange{});
  } else if (const Node* exact = table.get("count", Kind::Integer)) {
    const auto number = static_cast<std::uint64_t>(exact->integer);
    line.count = {number, number};
  }
  if (const Node* call = table.get("syscall", Kind::Text)) {
    line.syscall = model::syscall_from_name(call->text);
    if (line.syscall && line.verb &&
        model::verb_of(*line.syscall) != line.verb) {
      mistakes->add_in(call->at, {0,
                                  call->text.size(),
                                  call->text + " is no call of the verb " +
                                      std::string(model::verb_name(*line.verb)),
                                  {}});
    }
  }
  line.say = text_of(table, "say");
  line.hint = text_of(table, "hint");
  line.id = text_of(table, "id");
  line.text = spell(line);
  if (auto bad = check_parts(line)) {
    const char* key = bad->part == EventPart::Subject ? "subject" : "result";
    if (const Node* part = table.get(key, Kind::Text)) {
      mistakes->add_in(part->at, std::move(bad->mistake));
    }
  }
  line.capture = text_of(table, "capture");
  list_for(table, expect).push_back(std::move(line));
}

}  // namespace

void read_leg_expect(const Node& table, LegExpect* expect, Mistakes* mistakes) {
  if (const Entry* exit = table.find("exit")) {
    expect->exit = read_exit(exit->value, mistakes->file());
  }
  using Stream = OutputPattern::Stream;
  constexpr struct {
    std::string_view key;
    Stream stream;
    bool regex;
  } kKeys[] = {{"stdout", Stream::Stdout, false},
               {"stderr", Stream::Stderr, false},
               {"stdout_re", Stream::Stdout, true},
               {"stderr_re", Stream::Stderr, true}};
  for (const auto& [key, stream, regex] : kKeys) {
    if (const Entry* entry = table.find(key)) {
      read_output(entry->value, {stream, regex, {}, {}}, expect, *mistakes);
    }
  }
}

void read_expect(const Node& table, Expect* expect, Mistakes* mistakes) {
  expect->at = range_of(table.at, mistakes->file());
  read_leg_expect(table, &expect->leg, mistakes);
  read_lines(table, "see", &expect->see, *mistakes);
  read_lines(table, "never", &expect->never, *mistakes);
  read_lines(table, "keep", &expect->keep, *mistakes);
  if (const Node* events = table.get("event", Kind::Array)) {
    for (const Node& event : events->items) {
      if (event.kind == Kind::Table) read_event(event, expect, mistakes);
    }
  }
  if (const Node* sequences = table.get("sequence", Kind::Array)) {
    for (const Node& sequence : sequences->items) {
      if (sequence.kind == Kind::Table) {
        read_sequence(sequence, expect, mistakes);
      }
    }
  }
  read_conditions(table, expect, *mistakes);
}

}  // namespace driftcage::scenario
