// A sentence for people, and which steps it names where: for who makes links.
#ifndef VMTRUNC_REPORT_EXPLAIN_SENTENCE_H_
#define VMTRUNC_REPORT_EXPLAIN_SENTENCE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

struct Sentence {
  struct Link {
    size_t begin, end;  // in the text, half-open
    unsigned step;      // the first one that is named
  };
  std::string text;
  std::vector<Link> links;
};

// "step 97", "steps 87..89", between marks that SentenceOf() takes out. No name
// has one.
std::string MarkedSteps(const StoryRow& row);
std::string MarkedSteps(unsigned first, unsigned last);

Sentence SentenceOf(std::string_view marked);
std::vector<Sentence> SentencesOf(const std::vector<std::string>& marked);

// One after another.
std::string TextOf(const std::vector<Sentence>& sentences);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_SENTENCE_H_
