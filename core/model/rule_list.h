// Every rule, once: its name, the release that it came with, the known bugs
// that its flip is, and what the code does when it is on.
//
// From this list come the flags of Rules, AllRules() with each rule's number,
// and what `vmtrunc rules` prints. The numbers are part of the byte form:
// append only.
#ifndef VMTRUNC_CORE_MODEL_RULE_LIST_H_
#define VMTRUNC_CORE_MODEL_RULE_LIST_H_

// X(NAME, SINCE, FLIP, DECIDES). NAME is the flag's; people write it with
// dashes. SINCE: "2.6.9" where it is as old as the oldest kernel here, "" where
// no Linux has it. FLIP: "" where its flip is no known bug.
//
// clang-format off: it would put each argument on a line.
#define VMTRUNC_RULES(X)                                                       \
  X(drop_lock, "2.6.9-mm", "",                                                 \
    "a pass that is asked to gives up i_mmap_lock after a block or a "         \
    "vma, and starts its walk again once it has it back")                      \
  X(stamp_vmas, "2.6.9-mm", "",                                                \
    "a vma that a pass has finished carries the pass's count and is "          \
    "skipped when the walk starts again")                                      \
  X(restart_in_vma, "2.6.11", "HB-07, HB-18",                                  \
    "where to resume after a drop is noted in the vma itself, in its "         \
    "count; without this rule the pass keeps one note of its own: vma "        \
    "pointer, address, file page")                                             \
  X(leap, "2.6.11", "HB-08",                                                   \
    "truncate_count leaps over page-aligned values, so that no count "         \
    "reads as a restart address")                                              \
  X(wrap_resets, "2.6.9-mm", "HB-09",                                          \
    "when truncate_count wraps to 0 the count of every vma of the file "       \
    "is set to 0")                                                             \
  X(importer_rescans, "2.6.9-mm", "HB-13",                                     \
    "a vma that takes over a populated range from a neighbour with "           \
    "another count is set to be scanned again")                                \
  X(split_inherits, "2.6.9-mm", "HB-11",                                       \
    "split_vma gives the new vma the old one's count under i_mmap_lock; "      \
    "without, it keeps what the struct copy sampled")                          \
  X(link_stamps, "2.6.9-mm", "HB-12",                                          \
    "vma_link gives a new vma the file's truncate_count, so that a "           \
    "running pass skips it; without, 0")                                       \
  X(fork_inherits, "2.6.9-mm", "HB-11",                                        \
    "fork gives the child's vma its parent's count under i_mmap_lock; "        \
    "without, it keeps what the struct copy sampled")                          \
  X(fork_after_parent, "2.6.9", "HB-02",                                       \
    "fork puts the child's vma after its parent in the tree")                  \
  X(mremap_resets, "2.6.9-mm", "HB-14",                                        \
    "before ptes move, the destination's count is set to 0 if it is "          \
    "neither 0 nor the source's")                                              \
  X(move_under_lock, "2.6.9", "HB-03",                                         \
    "mremap holds i_mmap_lock while it moves ptes")                            \
  X(fault_rechecks_count, "2.6.9", "",                                         \
    "a fault whose truncate_count sample is out of date by the time it "       \
    "holds page_table_lock is retried")                                        \
  X(fault_checks_size, "2.6.9", "",                                            \
    "a fault at or past i_size ends in SIGBUS")                                \
  X(cut_is_done, "2.6.9-mm", "",                                               \
    "a vma that was cut below its restart point is finished; without, it "     \
    "is scanned from its first page again")                                    \
  X(slab_lifo, "2.6.9", "",                                                    \
    "the slab hands out the vma struct that was freed last; without, the "     \
    "one that has been free longest")                                          \
  X(split_under_lock, "2.6.9", "HB-01",                                        \
    "a split changes the old vma and inserts the new one in one hold of "      \
    "i_mmap_lock; without, the old one shrinks before it")                     \
  X(fault_count_first, "2.6.9", "HB-10",                                       \
    "a fault samples truncate_count before it reads i_size")                   \
  X(walk_restarts, "2.6.9", "",                                                \
    "after a drop the walk starts again from the top of the tree; "            \
    "without, it continues from the vma it remembers")                         \
  X(clip_to_range, "2.6.9", "HB-21",                                           \
    "in a vma that begins before the range, zapping begins at the "            \
    "range's first page; without, at the vma's")                               \
  X(relock_in_order, "2.6.9", "",                                              \
    "mremap, holding page_table_lock after it allocated a page table, "        \
    "takes i_mmap_lock by trylock or releases first; without, it waits")       \
  X(merge_moves_pgoff, "2.6.9", "HB-45",                                       \
    "a vma that is extended downwards has its pgoff lowered with its "         \
    "start")                                                                   \
  X(fork_unlocks_on_error, "2.6.9", "",                                        \
    "a fork that runs out of memory half way releases the parent's "           \
    "mmap_sem")                                                                \
  X(unmap_mutex, "2.6.38", "HB-36",                                            \
    "one mutex per file is held around a pass")                                \
  X(pass_clears_restarts, "", "",                                              \
    "a pass begins by clearing the restart addresses that an earlier one "     \
    "left; no kernel does, it is there to look past finding F1")               \
  X(nonlinear_scans_all, "2.6.9", "HB-05",                                     \
    "a pass scans a nonlinear vma from end to end and looks at each "          \
    "page's index; without, the linear range alone")                           \
  X(nonlinear_file_pte, "2.6.9", "HB-05",                                      \
    "a page zapped in a nonlinear vma, where its index is not the linear "     \
    "one, leaves a file pte with its index")                                   \
  X(install_checks_page, "2.6.9", "54cb8821de07",                              \
    "remap_file_pages installs a page, and a fault on a file pte maps "        \
    "it, after a look at its mapping and i_size under page_table_lock")        \
  X(remap_file_ptes, "2.6.23", "",                                             \
    "remap_file_pages installs file ptes, which are faulted in; without, "     \
    "pages")                                                                   \
  X(remap_emulated, "4.0", "",                                                 \
    "remap_file_pages is a mmap of the same file; there are no nonlinear "     \
    "vmas")                                                                    \
  X(work_blocks, "2.6.15", "",                                                 \
    "a zap block counts the pages that are present; without, pages of "        \
    "address space")                                                           \
  X(ptl_in_zap, "2.6.15", "",                                                  \
    "zapping takes page_table_lock for each block, after it looked for "       \
    "the page table; without, around the whole vma")                           \
  X(lazy_fork, "2.6.15", "",                                                   \
    "fork copies no ptes of a linear vma without private copies")              \
  X(move_extents, "2.6.15", "",                                                \
    "mremap moves all pages of a page table in one hold, the "                 \
    "destination's allocated before; without, a page a hold")                  \
  X(rewind_under_lock, "2.6.9", "HB-04",                                       \
    "pages that mremap moves back are moved under i_mmap_lock too")            \
  X(unlink_before_tables, "2.6.15", "HB-19",                                   \
    "munmap takes vmas out of the tree before it frees their page tables")     \
  X(fault_page_lock, "2.6.23", "HB-27",                                        \
    "a fault locks the page, looks at its mapping and i_size again, and "      \
    "sets the pte before it unlocks the page")                                 \
  X(unmap_per_page, "2.6.23", "HB-23",                                         \
    "a page that is still mapped when it is removed is unmapped first, "       \
    "under its page lock")                                                     \
  X(second_pass, "2.6.23", "HB-28",                                            \
    "after the pages are removed the whole range is unmapped again")           \
  X(page_mkwrite, "2.6.23", "",                                                \
    "the file system is asked before a page is written (page_mkwrite), "       \
    "without page lock and page_table_lock")                                   \
  X(mkwrite_rechecks, "2.6.23", "HB-29",                                       \
    "after page_mkwrite the fault locks the page again and looks at its "      \
    "mapping")                                                                 \
  X(mremap_always_resets, "2.6.38", "HB-15",                                   \
    "before ptes move, the destination's count is set to 0 whatever it is")    \
  X(lock_sleeps, "3.0", "",                                                    \
    "i_mmap_lock is a lock that may be held while sleeping")                   \
  X(shared_walk, "5.18", "",                                                    \
    "a pass takes i_mmap_lock shared")                                         \
  X(interval_tree, "3.7", "",                                                  \
    "vmas are walked by pgoff, those that are equal as they came")             \
  X(invalidate_lock, "5.15", "HB-46",                                           \
    "truncate and punch hold invalidate_lock, and a fault that must read "     \
    "a page takes it shared")                                                  \
  X(fault_around, "3.15", "",                                                   \
    "a read fault maps the cached pages around it too")                        \
  X(account_blocks_merge, "2.6.9", "",                                         \
    "a private mapping that has once been writable is accounted, and "         \
    "does not merge with one that is not")                                     \
  X(move_in_order, "3.7", "",                                                  \
    "mremap moves ptes without i_mmap_lock where the walk meets the "          \
    "destination after the source")                                            \
  X(merged_move_locks, "3.7", "HB-39",                                         \
    "where mremap's destination was merged into a vma that the walk does "     \
    "not meet later, ptes move under i_mmap_lock (need_rmap_locks)")                             \
  X(punch_without_mmap_sem, "2.6.9", "HB-22",                                  \
    "a hole punch releases mmap_sem before it takes i_sem")                    \
  X(invalidate_loops, "2.6.9", "",                                             \
    "invalidate unmaps a page until it is not mapped; without, once")          \
  X(wide_offsets, "2.6.9", "HB-25",                                            \
    "invalidate computes byte offsets in 64 bits; without, in few")            \
  X(range_end_kept, "2.6.9", "HB-41",                                          \
    "the end of a pass's range stays; without, it is overwritten with an "     \
    "address of the first vma")                                                \
  X(punch_keeps_copies, "3.5", "",                                             \
    "a hole punch leaves private copies alone")                                \
  X(mremap_checks_first, "6.17", "",                                           \
    "mremap sees that one vma holds the source before it unmaps anything")                                                                  \
  X(mremap_moves_many, "6.17", "",                                             \
    "a mremap that keeps the length moves all vmas of the range, one "         \
    "after the other, and a neighbour that one of them joins takes its "       \
    "anon_vma (January 2026, in 6.18.9)")                                               \
  X(cow_prepares_first, "3.1", "",                                             \
    "a private write fault gets its anon_vma before it looks for the "         \
    "page, so that one that ends in SIGBUS has it too")                        \
  X(fork_clones_anon, "2.6.34", "",                                            \
    "fork gives each vma of the child an anon_vma of its own (2.6.34)")        \
  X(cloned_anon_apart, "3.0", "",                                              \
    "a vma with an anon_vma of fork's making merges with none that has "       \
    "another or none")                                                   \
  X(growth_merges, "6.1", "",                                                  \
    "a vma that mremap grows in place merges with the one that it then "       \
    "touches")                                                           \
  X(relock_resets, "", "",                                                     \
    "mremap that let i_mmap_lock go to allocate a page table looks at "        \
    "the count again when it has retaken it; no kernel does, it is there "     \
    "to look past finding F2")                                                 \
  X(restart_names_pass, "", "",                                                \
    "a restart address carries the pass that left it, in the same word, "      \
    "and no other pass believes it; no kernel does (F1)")                      \
  X(invalidate_range, "2.6.12", "",                                            \
    "invalidate takes a range; without, all pages of the file go, its first "  \
    "pass runs to the end, and that of one page is index + 1 pages long")      \
  X(invalidate_unmaps_first, "5.13", "",                                       \
    "invalidate unmaps the range before it locks the first page that is "      \
    "mapped; without, with that page locked")                                  \
  X(anon_joins_none, "6.16", "",                                               \
    "a vma with an anon_vma merges with a neighbour that has none; without, "  \
    "where cloned-anon-apart is the rule, it does not")                        \
  X(merge_in_one_hold, "6.1", "",                                              \
    "a merge that fills the gap between two vmas changes both in one hold "    \
    "of i_mmap_lock (vma_complete); without, in two")                          \
  X(unmapped_keeps_struct, "6.6", "",                                          \
    "of a vma that munmap splits, the part that goes keeps the struct; "       \
    "without, the part that stays below or above it")                          \
  X(mremap_looks_first, "5.16", "",                                            \
    "mremap sees that a vma is at the source's first page before it unmaps "   \
    "anything")                                                                \
  X(large_folios, "5.18", "",                                                  \
    "the page cache holds folios of more than a page, where the file has "     \
    "them (XFS; PMDs of tmpfs before that are not modelled)")                  \
  X(faults_map_folios, "6.18", "",                                             \
    "a fault, and fault-around, maps the whole folio that it finds")           \
  X(map_respects_size, "6.18", "HB-50",                                        \
    "a folio that reaches past i_size is not mapped whole")                    \
  X(each_folio_decides, "6.18", "HB-50b",                                      \
    "fault-around decides for each folio whether it is mapped whole; "         \
    "without, for all by the first")                                           \
  X(shmem_maps_past_size, "6.18", "",                                          \
    "tmpfs is exempt: its folios are mapped whole, past i_size too")           \
  X(around_caps_size, "6.12", "HB-51",                                         \
    "fault-around stops at i_size inside a folio too")                         \
  X(around_size_unlocked, "6.18", "",                                          \
    "fault-around reads i_size before it takes page_table_lock; without, "     \
    "under it")                                                                \
  X(around_size_first, "7.0", "HB-49",                                         \
    "fault-around reads i_size before it looks for the first folio")           \
  X(split_failure_unmaps, "6.18", "HB-52",                                     \
    "a folio over the end of the range that cannot be split is unmapped "      \
    "whole, but for tmpfs")                                                    \
  X(split_keeps_large, "6.15", "",                                             \
    "a split leaves the largest folios that fit; without, the smallest of "    \
    "the file")                                                                \
  X(walk_clips_folio, "5.13", "HB-70",                                         \
    "a pass over one folio looks also at vmas that begin inside it")           \
  X(late_folio_is_split, "6.6", "HB-95",                                       \
    "tmpfs splits a folio over the end of the range that came after the "      \
    "first look; without, it is removed whole")                                \
  X(added_page_is_rechecked, "3.1", "HB-59",                                 \
    "a fault of tmpfs, or of huge pages, that has put a page into the cache "  \
    "reads i_size again, and takes it out if it is past it")                   \
  X(hole_holds_faults, "3.16", "HB-40",                                        \
    "a fault of tmpfs on a page that is being punched waits for the punch")    \
  X(hole_wait_is_lockless, "3.16", "HB-66",                                    \
    "that fault waits without i_sem")                                          \
  X(around_size_again, "", "",                                                 \
    "fault-around that has read i_size reads it once more for each folio, "    \
    "under its lock; no kernel does (F5)")                             \
  X(found_page_is_rechecked, "", "",                                           \
    "a fault of tmpfs reads i_size again under the lock of a page that it "    \
    "found, too; no kernel does (F6)")   \
  X(munmap_downgrades, "4.20", "", \
    "munmap, and a mremap that shrinks in place, zap with mmap_sem " \
    "downgraded to read, once their vmas are off the mm's list") \
  X(populate_unlocks, "3.9", "", \
    "mmap's populate runs after mmap_sem was released, under it for " \
    "read, on the vmas that it finds in the range then; without, under " \
    "it for write") \
  X(fork_links_first, "2.6.9", "HB-57", \
    "fork puts a vma into the index before it copies the vma's ptes") \
  X(unsigned_offsets, "2.6.9", "HB-62", \
    "a pass over the range of a truncation or a punch shifts its byte " \
    "offset as unsigned; without, one with the top bit set becomes " \
    "another page")                                                            \
  X(mkwrite_checks_page, "", "",                                               \
    "after page_mkwrite the fault reads i_size again, for the page; without, " \
    "it looks at the mapping of the folio, which may reach past the end; no "  \
    "kernel does (F8)")                                                         \
  X(vma_locks, "6.7", "",                                                      \
    "a fault finds its vma without mmap_sem and locks that alone; who changes "\
    "a vma waits for the faults in it")                                        \
  X(new_vma_is_locked, "6.5", "HB-85",                                         \
    "mmap and mremap lock a new vma before a fault can find it")               \
  X(vma_lock_before_index, "6.5", "HB-85b",                                    \
    "the locks of vmas that change are taken before i_mmap_lock; without, "    \
    "under it")                                                                \
  X(reader_checks_mm, "6.15", "HB-89b",                                        \
    "a fault that has locked a vma sees that it is of its own mm")             \
  X(reader_checks_lock, "6.4", "HB-89c",                                       \
    "a fault that has locked a vma sees that no writer has locked it before")  \
  X(reader_checks_range, "6.4", "HB-89d",                                      \
    "a fault that has locked a vma sees that it still holds the address")      \
  X(reader_keeps_mm, "6.17", "HB-89",                                          \
    "a fault that has locked a vma of another mm keeps that mm until it has "  \
    "woken who waits for the vma")                                             \
  X(reader_checks_attached, "6.4", "HB-47",                                    \
    "a fault that locks a vma sees that it is still in its mm")                \
  X(mmap_asks_next, "6.1", "",                                                 \
    "mmap asks the next vma first whether the range can join it, and then "    \
    "the one before with the next one's anon_vma (6.1 to 6.11); without, the " \
    "one before first")                                                        \
  X(fault_wait_unlocks, "2.6.37", "",                                          \
    "a fault that waits for a page's lock, or for a punch of tmpfs, drops "    \
    "mmap_sem or its vma's lock first, once, and begins again after it")       \
  X(dropped_fault_forgets_vma, "2.6.37", "HB-93",                                 \
    "a fault that has dropped mmap_sem or its vma's lock to wait does not "    \
    "look at its vma again")                                                   \
  X(dirty_is_not_split, "5.18", "",                                            \
    "a file system does not split a dirty folio, as it does not release the "  \
    "folio's private data; tmpfs has none")                                    \
  X(kept_folio_is_zeroed, "", "",                                              \
    "a folio over the end that a truncation leaves whole is zeroed past the "  \
    "end once more, after the last pass; no kernel does (F9)")                 \
  X(each_pte_flushed, "2.6.9", "",                                             \
    "who clears a pte flushes it from the TLB in the same hold of "        \
    "page_table_lock; without, a gather is flushed later, and its frames "     \
    "freed after that")                                                        \
  X(move_flushes_dirty, "4.9", "",                                             \
    "mremap that has moved a dirty pte flushes the old addresses before it "   \
    "releases page_table_lock")                                                \
  X(move_flushes_before_unlock, "4.19", "HB-48",                               \
    "mremap flushes the old addresses before it releases page_table_lock; "    \
    "without, when all has moved")                                             \
  X(full_batch_counts_last_page, "3.18", "HB-74",                              \
    "the flush of a full gather reaches over the page that filled it")         \
  X(nested_gather_flushes, "4.13", "HB-77",                                    \
    "a gather that ends while another is open in the mm flushes all of the "   \
    "mm")                                                                      \
  X(pfn_flush_before_unlink, "5.19", "HB-72",                                  \
    "munmap of a device's memory flushes before it takes the vma out of "      \
    "i_mmap")                                                                  \
  X(pfn_flush_looks_at_all, "5.19", "HB-73",                                   \
    "munmap sees whether any of its vmas maps a device's memory; without, "    \
    "whether the first does")                                                  \
  X(unmap_before_expand, "2.6.9", "HB-83",                                     \
    "mmap unmaps what is in its range before a vma takes its place; without, " \
    "the page tables go when the new vma is in i_mmap")                        \
  X(moves_tables, "5.0", "",                                                   \
    "mremap moves a whole page table by its entry in the directory")           \
  X(table_move_locks, "5.14", "HB-56",                                         \
    "mremap holds i_mmap_lock whenever it moves a page table; without, only "  \
    "where it does for ptes")                                                  \
  X(table_move_rereads, "6.12", "HB-81",                                       \
    "mremap reads the directory's entry again under page_table_lock before "   \
    "it moves the table")                                                      \
  X(retracts_tables, "4.8", "",                                                \
    "collapse frees the page tables of whole mappings of its pages")           \
  X(retract_takes_map_lock, "4.8", "HB-82",                                    \
    "collapse holds i_mmap_lock while it frees page tables")                   \
  X(retract_shares, "6.6", "",                                                 \
    "collapse frees page tables with i_mmap_lock shared and without "          \
    "mmap_sem; without, alone and under mmap_sem")                             \
  X(walk_rereads_table, "6.5", "",                                             \
    "a pass that has page_table_lock sees whether the table is still there")   \
  X(shares_tables, "3.6", "",                                                  \
    "mms that map a file of huge pages alike share page tables (since "        \
    "2.6.20; modelled from 3.6 on, when the unmapping of huge pages came to "  \
    "gather what it flushes)")                                                 \
  X(unshare_flushes, "5.16", "HB-79",                                          \
    "who gives up a shared page table flushes what it mapped before "           \
    "i_mmap_lock is released")                                                 \
  X(mmap_merges_first, "2.6.29", "",                                           \
    "mmap allocates a vma only where its range joins no neighbour; without, "  \
    "before it looks")                                                         \
  X(mmap_frees_last, "6.12", "",                                               \
    "mmap frees the structs of what it has unmapped when the new vma is in "   \
    "i_mmap; without, before it allocates that")
// clang-format on

#endif  // VMTRUNC_CORE_MODEL_RULE_LIST_H_
