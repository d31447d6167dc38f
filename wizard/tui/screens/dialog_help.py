"""What F1 says in the dialogs."""

from __future__ import annotations

from wizard.tui.screens.help import Explanation

RANDOM_WORDS_HELP = Explanation(
    what=(
        "A passphrase that nobody can guess from what they know of you: the words are drawn one "
        "by one from a list of 7,776, and each is worth 12.9 bits. They are bullets until you "
        "ask for them, and become bullets again by themselves."
    ),
    choose=(
        "Six words are a good passphrase even where a thief of the file guesses for years. "
        "“One more” draws a longer one, “Other words” another one of the same length. Press "
        "“Show or hide” (or F2), write the words down, then “Use it”."
    ),
    after=(
        "“Use it” goes back to the page, where you type the words once to prove your note. Until "
        "then they do not count. “Cancel” wipes them; what you had typed there stays."
    ),
)

SMALLER_MACHINE_HELP = Explanation(
    what=(
        "The key derivation takes its memory on every machine that opens the database. One with "
        "less memory than this cannot open it, and a slower one takes longer. Here you say what "
        "the other machine has, and the sets are fitted to both."
    ),
    choose=(
        "Best is a measurement: run the command there, copy its file to this machine, type where "
        "it is and press “Read it”; it fills in both numbers. Or type them: the memory that is "
        "free there in MiB, and how many times slower it is. 1 is as fast as this machine."
    ),
    after=(
        "“Use it” measures the sets anew with that memory as their limit; each says then what it "
        "means there. “Only this machine” takes the limit away, “Cancel” changes nothing."
    ),
)

PLAN_HELP = Explanation(
    what=(
        "The recovery kit opens the database without the passphrase. It can be one sheet of "
        "words, or several of which some have to come together: any 2 of 3, say."
    ),
    choose=(
        "One sheet where you alone keep it, in a safe place. Several where nobody should be able "
        "to open the database alone, or where one sheet may burn or get lost. Give one to each "
        "person, and type their names: they are printed on the sheets and kept in the "
        ".crypto.json file, which is public."
    ),
    after=(
        "The page before shows what you chose. The words are made when you go on from there; "
        "until then it can be changed. Later a new kit may be divided in another way."
    ),
)

SAVE_SHEET_HELP = Explanation(
    what=(
        "The sheet as a file that only you may read. A file that exists is never overwritten. "
        "Whoever reads it and has the database needs no passphrase."
    ),
    choose=(
        "Text is for printing, or for a USB stick: move it there and delete it here. Encrypted is "
        "for a file that stays on a machine: nobody but the owner of the SSH or age key reads it, "
        "with  age --decrypt. Not in the database's own directory."
    ),
    after=(
        "You are back at the kit, which names the file. Three of the words are asked for all the "
        "same: open the file, or show the words, to answer."
    ),
)

SAVE_SIDECAR_HELP = Explanation(
    what=(
        "A copy of the .crypto.json file, which says how the database is protected. It is public, "
        "there is no secret in it. Where it is lost, the passphrase alone opens nothing: only the "
        "recovery kit does, or a copy that is put back."
    ),
    choose=(
        "Another disk or another machine, such as a USB stick or a mounted share; a directory or "
        "the name of a file. Tab completes a path. A file that exists is never overwritten."
    ),
    after=(
        "The copy is read back and its signature checked. After each change of the passphrase or "
        "of the keys it is out of date; `status` says so then."
    ),
)

SHEET_FILE_HELP = Explanation(
    what="One sheet of the recovery kit, read from the file in which it was saved.",
    choose=(
        "The path of the file as the wizard or `init` wrote it, as text. One that was encrypted "
        "to a public key has to be decrypted first, with  age --decrypt. If you have the sheet on "
        "paper only, press Escape and type its words."
    ),
    after=(
        "Its words are checked at once; a wrong file is refused with the reason, and nothing is "
        "changed. If the kit needs more sheets, the next one is asked for."
    ),
)

QUIT_HELP = Explanation(
    what=(
        "You pressed Ctrl+C. Nothing has ended yet. The sentence above the buttons says what is "
        "on the disk because of this session, and what becomes of it."
    ),
    choose=(
        "“Keep going” if you pressed it by mistake: every answer is still there. “Quit” wipes "
        "what you typed and gives the terminal back."
    ),
    after=(
        "Start the wizard again whenever you like. It looks at the database, says what state it "
        "is in, and offers the way on from there."
    ),
)

UNDO_HELP = Explanation(
    what=(
        "You are about to go back behind the writing of the encrypted files. They do not count "
        "yet: nothing takes the database's place before the kit has been tried."
    ),
    choose=(
        "“Keep going” shows the page again. “Undo it” if you want another passphrase, other costs "
        "or another kit. Destroy what you wrote down of this kit then: it opens nothing."
    ),
    after=(
        "After “Undo it” the encrypted files are removed, and all is as it was before. Your other "
        "answers stay, and you can begin again from them."
    ),
)

GIVE_UP_HELP = Explanation(
    what=(
        "You are about to go back behind the making of a new kit. It does not count yet: the keys "
        "that are in force now are the old ones."
    ),
    choose=(
        "“Keep going” shows the page again. “Give it up” if you do not want the change after "
        "all. Keep the old kit then, and destroy what you wrote down of the new one."
    ),
    after="After “Give it up” you are back at the review, and can begin again or leave.",
)

MEMORY_HELP = Explanation(
    what=(
        "A key derivation takes its memory all at once. Where it takes more than half of what is "
        "free, other programs may be slowed down or ended by the system, so it is asked first."
    ),
    choose=(
        "“Use it” if nothing else on this machine needs that memory now. Otherwise go back: less "
        "memory with more passes takes as long, or close something and try again."
    ),
    after=(
        "After “Use it” it is run at once. Should there not be enough memory after all, that is "
        "told, and nothing is changed."
    ),
)

DELETE_HELP = Explanation(
    what=(
        "The database as it was before: unencrypted, and readable by whoever reads the file. The "
        "encrypted one does not need it."
    ),
    choose=(
        "“Keep it” until your application works with the encrypted database. “Delete it” when "
        "it does, or when you have another copy of the data."
    ),
    after=(
        "It is deleted at once and cannot be brought back. Old backups and snapshots of it are "
        "still readable; think of them, too."
    ),
)

SKIP_PROOF_HELP = Explanation(
    what=(
        "You are about to go on without typing three words of the kit. Then nobody knows whether "
        "what you wrote down is complete and legible."
    ),
    choose=(
        "“Back to the kit” if you have the words at hand: it takes a minute. Skip it if the sheet "
        "is kept or printed elsewhere, and prove it later. Typing the name makes sure that it is "
        "no slip."
    ),
    after=(
        "The wizard opens the copy with the kit that it has in memory, and goes on. `status` "
        "shows the proof as open until you bring the sheet."
    ),
)

SKIP_ITEMS_HELP = Explanation(
    what=(
        "The database is protected; these things are worth doing, and are not done. Each of them "
        "is what helps on the day when something is lost."
    ),
    choose=(
        "“Back” to do them now. Skip them if you do them elsewhere or later. Typing the name "
        "makes sure that it is no slip."
    ),
    after=(
        "The last page. `datafold-wizard status` names what is open, and the wizard offers it "
        "when it is started for this database again."
    ),
)

LOSING_HELP = Explanation(
    what=(
        "Something is lost or laid open by this, so it is not done in passing: the sentence says "
        "what changes, the review behind it said what stays."
    ),
    choose=(
        "Compare the name with the database you mean, type it as it stands there, and press the "
        "button. Escape or “Back” changes nothing."
    ),
    after=(
        "It begins at once. A page shows how far it is and offers to cancel as long as that is "
        "possible; then you see what was done."
    ),
)
