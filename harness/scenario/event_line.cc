// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/scenario/event_parts.h"
#include "harness/scenario/parser.h"

// line = verb subject [ "=" result ] [ "by" exe ] [ "x" count ]
//
// Parts are separated by blanks. A subject or an exe with blanks stands in
// double quotes, where \" and \\ mean the bytes themselves.
namespace driftcage::scenario {
namespace {

struct Word {
  std::string text;
  std::size_t offset = 0;
  std::size_t length = 0;  // as written
  bool quoted = false;

  [[nodiscard]] bool is(std::string_view token) const {
    return !quoted && text == token;
  }
};

class LineParser {
 public:
  LineParser(std::string_view text, const model::SourceRange& at)
      : text_(text), at_(at) {}

  tl::expected<model::EventLine, Diagnostic> parse() {
    if (split() && parse_words()) {
      line_.text = std::string(text_);
      line_.at = at_;
      return std::move(line_);
    }
    return tl::make_unexpected(std::move(*mistake_));
  }

 private:
  bool report(std::size_t offset, TextMistake mistake) {
    model::SourceRange at = at_;
    at.column += static_cast<std::uint32_t>(offset + mistake.offset);
    at.length = static_cast<std::uint32_t>(mistake.length);
    mistake_ = Diagnostic{std::move(at), std::move(mistake.message),
                          std::move(mistake.hint)};
    return false;
  }

  bool split() {
    std::size_t at = 0;
    while (true) {
      at = text_.find_first_not_of(" \t", at);
      if (at == std::string_view::npos) return true;
      Word word;
      word.offset = at;
      if (text_[at] == '"') {
        word.quoted = true;
        if (!read_quoted(&at, &word)) return false;
      } else {
        const auto end =
            std::min(text_.find_first_of(" \t\r\n", at), text_.size());
        word.text = std::string(text_.substr(at, end - at));
        at = end;
        if (at < text_.size() && (text_[at] == '\n' || text_[at] == '\r')) {
          return report(at, {0, 1, "an event line is one line", {}});
        }
      }
      word.length = at - word.offset;
      words_.push_back(std::move(word));
    }
  }

  bool read_quoted(std::size_t* at, Word* word) {
    const std::size_t begin = (*at)++;
    while (*at < text_.size() && text_[*at] != '"') {
      // Only \" and \\ belong to the quotes; other escapes are the glob's.
      if (text_[*at] == '\\' && *at + 1 < text_.size() &&
          (text_[*at + 1] == '"' || text_[*at + 1] == '\\')) {
        ++*at;
      }
      word->text += text_[(*at)++];
    }
    if (*at >= text_.size()) {
      return report(begin, {0, 1, "the quote is not closed", {}});
    }
    ++*at;
    if (*at < text_.size() && text_[*at] != ' ' && text_[*at] != '\t') {
      return report(*at, {0, 1, "a blank must follow the closing quote", {}});
    }
    return true;
  }

  // A mistake inside a word; quotes shift it by one, which is exact as long as
  // the word holds no escape.
  bool report_in(const Word& word, TextMistake mistake, std::size_t skip = 0) {
    mistake.offset += skip + (word.quoted ? 1 : 0);
    return report(word.offset, std::move(mistake));
  }

  bool missing(const char* what) {
    return report(text_.size(), {0, 1, what,
                                 "an event line is: verb subject [= result] "
                                 "[by exe] [xN]"});
  }

  bool parse_words() {
    if (words_.empty()) return missing("the event line is empty");
    const auto verb = parse_verb(words_[0].text);
    if (!verb) return report_in(words_[0], verb.error());
    line_.verb = *verb;
    if (words_.size() < 2 || words_[1].is("=") || words_[1].is("by")) {
      return missing("the subject is missing: which path or name?");
    }
    const Word& subject = words_[1];
    line_.subject = subject.text;
    if (auto bad = check_glob(line_.subject)) return report_in(subject, *bad);

    std::size_t next = 2;
    const Word* result = nullptr;
    if (next < words_.size() && words_[next].is("=")) {
      if (++next == words_.size()) return missing("a result must follow =");
      result = &words_[next++];
      const auto pattern = parse_result(result->text);
      if (!pattern) return report_in(*result, pattern.error());
      line_.result = *pattern;
    }
    if (next < words_.size() && words_[next].is("by")) {
      if (++next == words_.size()) return missing("a program must follow by");
      const Word& by = words_[next++];
      line_.by = by.text;
      if (auto bad = check_glob(line_.by)) return report_in(by, *bad);
    }
    if (next < words_.size() && !words_[next].quoted &&
        words_[next].text.starts_with('x')) {
      const Word& count = words_[next++];
      const auto range = parse_count(std::string_view(count.text).substr(1));
      if (!range) return report_in(count, range.error(), 1);
      line_.count = *range;
    }
    if (next < words_.size()) return unexpected(words_[next]);
    if (auto bad = check_parts(line_)) {
      const bool about_subject = bad->part == EventPart::Subject;
      return report_in(about_subject ? subject : *result, bad->mistake);
    }
    return true;
  }

  bool unexpected(const Word& word) {
    std::string hint = "a subject with blanks stands in double quotes";
    if (word.is("=") || word.is("by")) {
      hint = "the order is: verb subject [= result] [by exe] [xN]";
    } else if (word.text.starts_with('=')) {
      hint = "put blanks around =";
    }
    return report(
        word.offset,
        {0, word.length, "unexpected \"" + word.text + "\"", std::move(hint)});
  }

  std::string_view text_;
  const model::SourceRange& at_;
  std::vector<Word> words_;
  model::EventLine line_;
  std::optional<Diagnostic> mistake_;
};

}  // namespace

tl::expected<model::EventLine, Diagnostic> parse_event_line(
    std::string_view text, const model::SourceRange& at) {
  return LineParser(text, at).parse();
}

}  // namespace driftcage::scenario
