// The output of a running campaign.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <utility>

#include "base/error.h"
#include "base/place.h"
#include "base/read.h"
#include "base/shown.h"
#include "base/terminal.h"
#include "base/write.h"
#include "campaign/report.h"
#include "cli/campaign_run.h"

namespace vmtrunc::cli {

std::vector<campaign::Group> CampaignRun::Groups() const {
  std::vector<campaign::Finding> findings;
  const auto add = [&](const campaign::Findings& all) {
    for (const auto& [name, finding] : all.all()) {
      findings.push_back(finding);
      findings.back().has_page = !without_page_.contains(finding.FileName());
    }
  };
  for (const KernelState& kernel : kernels_) add(kernel.findings);
  for (const campaign::Findings& other : others_) add(other);
  return campaign::GroupsOf(findings);
}

campaign::Summary CampaignRun::Sum() const {
  campaign::Summary summary = campaign::Summarize(log_.records());
  summary.ran = ran();
  summary.directory = store_.directory();
  summary.odd_lines = log_.odd();
  summary.known_scripts = known_scripts_;
  for (const KernelState& kernel : kernels_)
    summary.skipped += kernel.corpus.skipped();
  for (const KernelState& kernel : kernels_)
    if (std::none_of(
            summary.kernels.begin(), summary.kernels.end(),
            [&](const auto& ran) { return ran.kernel == kernel.name; }))
      summary.unsearched.push_back(kernel.name);
  summary.groups = Groups();
  AddUntaken(store_, log_, summary);
  return summary;
}

// Not through a link, which may have been created since the campaign began.
void CampaignRun::ExpectReport() const {
  const std::string path = store_.Path("report.html");
  if (!base::IsThere(path)) return;
  const auto page =
      base::IsRegularFile(path) ? base::ReadStart(path, 1000) : std::nullopt;
  if (!page ||
      (!page->empty() &&
       page->find("<title>vmtrunc: campaign</title>") == std::string::npos))
    throw base::UsageError{
        base::Shown(path) +
        ": expected a campaign's report, to be replaced, or none"};
}

void CampaignRun::WriteReport() const {
  store_.ExpectThere();
  ExpectReport();
  base::WriteOwn(store_.Path("report.html"), campaign::ReportPage(Sum()));
}

void CampaignRun::TellLine(const std::string& line) {
  if (shown_) std::cerr << base::kClearLine << std::flush;
  shown_ = false;
  if (!options_.json) std::cout << line << std::endl;
}

void CampaignRun::TellRefused() {
  const std::string why = own_.Refused();
  if (why.empty() || std::exchange(told_refused_, true)) return;
  if (shown_) std::cerr << base::kClearLine;
  shown_ = false;
  std::cerr << "vmtrunc campaign: " << why << std::endl;
}

// Whether there may be new findings.
bool CampaignRun::HasNews() const {
  for (const KernelState& kernel : kernels_)
    for (const auto& [name, finding] : kernel.findings.all())
      if (!finding.is_known && finding.has_script() &&
          !told_.contains(campaign::KeyOf(finding)))
        return true;
  return false;
}

// Known findings are only in the table at the end. This is called often, and
// Sum() reads the whole log: only if a line is due.
void CampaignRun::Tell() {
  if (HasNews())
    for (const campaign::Group& group : Groups())
      if (!group.is_known && group.least.has_script() &&
          told_.insert(group.key).second)
        TellLine(absl::StrCat("at ", campaign::DurationInWords(ran()), ": ",
                              campaign::LineOf(group)));
  if (Clock::now() < next_line_) return;
  const std::string line = campaign::LineOf(Sum());
  if (terminal_) {
    base::ShowLine(line);
    shown_ = true;
  } else {
    TellLine(line);
  }
  next_line_ = Clock::now() + std::chrono::seconds(terminal_ ? 1 : 60);
}

}  // namespace vmtrunc::cli
