// vmtrunc step without its terminal: lines in, text out.
#ifndef VMTRUNC_REPORT_STEP_DIALOGUE_H_
#define VMTRUNC_REPORT_STEP_DIALOGUE_H_

#include <string>
#include <string_view>

#include "report/explain/text.h"
#include "report/step/play.h"

namespace vmtrunc::report {

class Dialogue {
 public:
  // Requires: `play` outlives this.
  Dialogue(Play& play, const Look& look) : play_(play), look_(look) {}

  // The output before the first line.
  std::string Begin() const;

  // Every line has an answer: what was done, or one line with what was
  // expected.
  std::string Answer(const std::string& line);
  // An answer that is one line: what was expected.
  std::string Refuse(const std::string& expected);
  bool ended() const { return ended_; }

  // After the last line: the result of the run, and the command that replays
  // it.
  std::string End() const;
  // The exit status: that of `run` for the same events; or kExitUsage if the
  // last file could not be written, or nothing was played of lines that were
  // refused.
  int Status() const;

 private:
  bool IsCommand(const std::string& word, const char* name,
                 const char* letter) const;
  std::string Choose(unsigned long number);
  std::string Take(std::string_view event);
  std::string Write(const std::string& path);
  std::string View(const Story& story) const;

  Play& play_;
  const Look look_;
  std::string written_to_, written_;  // the last file and its content
  bool write_failed_ = false;
  bool refused_ = false;  // a line
  bool ended_ = false;
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_STEP_DIALOGUE_H_
