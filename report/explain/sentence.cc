#include "report/explain/sentence.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "report/explain/words.h"

namespace vmtrunc::report {
namespace {

// Before the number, between it and the words, after these.
constexpr char kBegins = '\1', kSays = '\2', kEnds = '\3';

}  // namespace

std::string MarkedSteps(const StoryRow& row) {
  return MarkedSteps(row.first_step, row.last_step);
}

std::string MarkedSteps(unsigned first, unsigned last) {
  return absl::StrCat(std::string(1, kBegins), first, std::string(1, kSays),
                      StepsInWords(first, last), std::string(1, kEnds));
}

Sentence SentenceOf(std::string_view marked) {
  Sentence sentence;
  bool is_number = false;
  for (const char c : marked) {
    if (c == kBegins) {
      sentence.links.push_back({0, 0, 0});
      is_number = true;
    } else if (c == kSays) {
      sentence.links.back().begin = sentence.text.size();
      is_number = false;
    } else if (c == kEnds) {
      sentence.links.back().end = sentence.text.size();
    } else if (is_number) {
      unsigned& step = sentence.links.back().step;
      step = 10 * step + static_cast<unsigned>(c - '0');
    } else {
      sentence.text += c;
    }
  }
  return sentence;
}

std::vector<Sentence> SentencesOf(const std::vector<std::string>& marked) {
  std::vector<Sentence> sentences;
  sentences.reserve(marked.size());
  for (const std::string& it : marked) sentences.push_back(SentenceOf(it));
  return sentences;
}

std::string TextOf(const std::vector<Sentence>& sentences) {
  return absl::StrJoin(sentences, " ",
                       [](std::string* text, const Sentence& sentence) {
                         absl::StrAppend(text, sentence.text);
                       });
}

}  // namespace vmtrunc::report
