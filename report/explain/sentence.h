// A sentence for people, with the positions of the steps that it names, for
// links.
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
    unsigned step;      // the first named step
  };
  std::string text;
  std::vector<Link> links;
};

// "step 97", "steps 87..89", between marks that SentenceOf() removes. No name
// contains a mark.
std::string MarkedSteps(const StoryRow& row);
std::string MarkedSteps(unsigned first, unsigned last);

Sentence SentenceOf(std::string_view marked);
std::vector<Sentence> SentencesOf(const std::vector<std::string>& marked);

// Concatenated.
std::string TextOf(const std::vector<Sentence>& sentences);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_SENTENCE_H_
