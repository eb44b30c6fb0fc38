// The page of a campaign.
#ifndef VMTRUNC_CAMPAIGN_REPORT_H_
#define VMTRUNC_CAMPAIGN_REPORT_H_

#include <string>

#include "campaign/summary.h"

namespace vmtrunc::campaign {

// A self-contained page, except for its links to the pages findings/NAME.html
// beside it.
std::string ReportPage(const Summary& summary);

// The page or script that explains `finding`: "findings/K-CAUSE.html", or the
// script.
std::string PageOf(const Finding& finding);

// A curve for each kernel: `value` of each point over seconds of jobs.
std::string Chart(const std::string& title,
                  const std::vector<KernelTotals>& kernels,
                  uint64_t GrowthPoint::* value);

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_REPORT_H_
