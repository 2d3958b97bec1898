//! What a signer reads: a Chinese sentence for every act and effect, Chinese labels for fields and words, and an English
//! sentence for every act. It refuses to speak of what it does not know: an unknown tag, field or word has no answer, and
//! nothing here is parsed, signed or stored. One word stands for one thing throughout.

/// What the signer of this act does, in Chinese.
pub(crate) fn act(tag: &str) -> Option<&'static str> {
    let sentence = match tag {
        "found" => "我创立一个账本：登记任命机构成员，并确定章程、日志公钥和时间来源。",
        "charter-part" => "我提交章程文本的一部分：创立期间属首份章程，此后属修订后的章程。",
        "confirm" => "我以任命机构成员身份确认账本的创立。",
        "enrol-people" => "我以任命机构成员身份将所列人员连同其公钥登记入册。",
        "enrol" => "我以签署人一栏的登记名和验证本次签名的公钥登记入册。",
        "appoint" => "我以任命机构成员身份任命一人担任某一角色；签署人数达到门槛后生效。",
        "endorse" => "我在任命机构的一项行为或一项开会提请上附加签名，予以背书。",
        "constitute" => "我以任命机构成员身份，或依据一项决议，宣告一个机构成立、可以行事。",
        "found-unit" => "我设立一个组织单元。",
        "dissolve-unit" => "我解散一个组织单元，并终止其尚存的任期。",
        "nominate" => "我提名一人担任某一角色。",
        "apply" => "我为本人或我所代表的单位申请一个角色。",
        "accept" => "我接受一项提名，或认领导入记录所载的一段任期。",
        "withdraw" => "我撤回自己的一项提名、申请、提请、动议或提案。",
        "petition" => "我提请召开一次会议，并写明会议通知的各项内容。",
        "notice" => "我发出会议通知，召集一次会议。",
        "waive" => "我本人豁免一次会议的通知瑕疵。",
        "cancel" => "我取消一次尚未开始的会议，或一次尚无选票的表决。",
        "item" => "我提出一项议题，由下一份会议通知一并列入。",
        "open" => "我宣布一次会议开会。",
        "preside" => "我为一次并非由主席宣布开会的会议推选主持人。",
        "check-in" => "我签到，记录本人出席一次会议。",
        "check-out" => "我签退，记录本人离开一次会议。",
        "excuse" => "我记录本人不能出席一次会议的理由；缺席仍照计。",
        "dispute" => "我以主持人身份记录对某人出席的质疑；此记录不产生效力。",
        "adjourn" => "我宣布一次会议散会。",
        "move" => "我提出一项动议。",
        "open-vote" => "我开启对一项动议的表决，并就此确定有表决权者的名单。",
        "vote" => "我在一次表决中投票。",
        "retract" => "我收回自己的选票。",
        "close-vote" => "我记录一次已经截止的表决的结果。",
        "grant" => "我依据已通过的动议，登记授予一个角色。",
        "end" => "我依据已通过的动议登记一个角色的终止，或以任命机构成员身份终止它。",
        "answer" => "我以任命机构成员身份答复一项向任命机构提出的决议。",
        "reconstitute" => "我记录任命机构已由一项决议重组。",
        "amend" => "我依据已通过的动议，以新章程替换现行章程。",
        "resign" => "我辞任，终止本人或我所代表的单位的一段任期。",
        "suspend" => "我以任命机构成员身份暂停一段任期，但不终止它。",
        "resume" => "我以任命机构成员身份解除对一段任期的暂停。",
        "organisation" => "我登记一个单位，并担任其代表。",
        "represent" => "我以单位代表身份指定该单位的另一名代表。",
        "recall" => "我以单位代表身份终止该单位一名代表（可为本人）的授权。",
        "contribution" => "我记录一项在代码托管平台上显示为已合并的贡献。",
        "attest" => "我就一项贡献或申请作出认定。",
        "record" => "我将自己所见之事记录在案；此记录不改变任何角色。",
        "deliver" => "我记录会议通知已送达邮件列表；送达时间与账本接受本记录的时间以较晚者为准。",
        "spoken" => "我记录一名委员口头投出的选票；经该委员本人签署后方可计入。",
        "consent" => "我同意以某一角色列入公开名单，或撤回这一同意。",
        "claim" => "我申领一个角色的一项权益，限一次。",
        "fulfil" => "我记录一项已申领的权益已经交付。",
        "offer-key" => "我提出把验证本次签名的公钥增列为我的公钥，或用以轮换我的其他公钥。",
        "bind-key" => "我绑定一把已提出的公钥：以其所有者的另一公钥绑定即时生效，否则须待任命机构的等待期届满。",
        "revoke-key" => "我自即刻起撤销自己的一把公钥；此前的签名保留，存疑的予以标明。",
        "veto-key" => "我以本人较早的公钥对一把已提出的公钥提出异议：予以拒绝、列为争议，或收回其绑定。",
        "settle-key" => "我以任命机构成员身份对一把有争议的公钥作出裁决。",
        "replace-authority" => "我提出任命机构今后的成员；新旧成员的签署人数均达到各自门槛后生效。",
        "rotate-log-key" => "我以任命机构成员身份，指定今后签署日志头的公钥。",
        "name-witnesses" => "我以任命机构成员身份，指定日志所依据时间的见证人。",
        "anchor" => "我把经见证人联署的本日志检查点记入日志：其所涵盖的内容届时均已存在。",
        "claim-account" => "我认领代码托管平台上的一个账号，或说明自己账号的登录名已变更。",
        "verify-account" => "我核实代码托管平台确实显示了账号认领人签署的声明。",
        "release-account" => "我放弃代码托管平台上的一个账号。",
        "profile" => "我指明一个附件，其中载有我愿告知他人并可要求删除的个人资料。",
        "erase" => "我记录一个附件已被删除：其摘要值留在日志中，内容不复存在。",
        "import" => "我以任命机构成员身份，导入来源资料所载的一项过往角色变更。",
        _ => return None,
    };
    Some(sentence)
}

/// What would follow if a motion with this effect passed, in Chinese.
pub(crate) fn effect(tag: &str) -> Option<&'static str> {
    let sentence = match tag {
        "resolve" => "若获通过，形成一项文字决议，不改变任何角色。",
        "grant" => "若获通过，一人有权取得某一角色。",
        "end" => "若获通过，一人的某一角色终止。",
        "found-unit" => "若获通过，设立一个组织单元。",
        "dissolve-unit" => "若获通过，解散一个组织单元，并终止其尚存的任期。",
        "merge-units" => "若获通过，解散一个组织单元，将其并入另一个同类组织单元。",
        "constitute" => "若获通过，宣告一个组织单元成立：其首批成员已经齐备。",
        "address-authority" => "若获通过，要求任命机构采取行动。",
        "reconstitute-authority" => "若获通过，重组对要求未予答复的任命机构。",
        "recommend" => "若获通过，向任命机构推荐一人或一个单位取得某一角色。",
        "one-human" => "若获通过，裁决若干登记人员实为同一人，其提名只计一次。",
        "amend" => "若获通过，修订章程：以此摘要值所指的文本替换现行文本。",
        _ => return None,
    };
    Some(sentence)
}

/// What a field of an act, effect or header is called in Chinese.
pub(crate) fn field(name: &str) -> Option<&'static str> {
    let label = match name {
        "act" => "行为",
        "at" => "作出时间",
        "by" => "签署人",
        "ledger" => "账本",
        "not_after" => "失效时间",
        "seen" => "已见日志头",
        "missing" => "日志所缺的已提交事件",
        "policy" => "见证策略",
        "checkpoint" => "检查点",

        "name" => "名称",
        "people" => "所列人员",
        "names" => "显示名称",
        "authority" => "任命机构成员",
        "keys" => "成员公钥",
        "threshold" => "签署门槛",
        "charter" => "章程",
        "charter_digest" => "章程摘要值",
        "charter_length" => "章程字节数",
        "log_key" => "日志公钥",
        "after" => "最后承认的日志长度",
        "origin" => "日志来源标识",
        "clock" => "时间来源",
        "nonce" => "唯一性随机值",
        "draft" => "修订章程摘要值",
        "part" => "部分序号",
        "text" => "正文",
        "unit" | "body" => "组织单元",
        "role" => "角色",
        "person" => "所涉人员",
        "basis" => "依据",
        "agreement" => "协议摘要值",
        "until" => "期满时间",
        "evidence" => "佐证",
        "event" => "所指事件",
        "members" => "已接受席位的委员",
        "left_out" => "未接受席位者",
        "kind" => "类别",
        "parent" => "上级组织单元",
        "statement" => "说明",
        "attests" => "对被提名人的认定",
        "reason" => "理由",
        "starts" => "开始时间",
        "place" => "地点",
        "mode" => "方式",
        "agenda" => "议题",
        "references" => "参考资料",
        "meeting" => "会议",
        "title" => "标题",
        "replaces" => "所替换的事件",
        "effect" => "通过后的效果",
        "conflicts" => "互斥动议",
        "motion" => "动议",
        "closes" => "表决截止时间",
        "vote" => "表决",
        "choice" => "投票选择",
        "outcome" => "表决结果",
        "effective" => "生效时间",
        "organisation" => "单位",
        "forge" => "代码托管平台",
        "repository" => "代码仓库",
        "number" => "PR 编号",
        "merged" => "合并时间",
        "account" => "账号编号",
        "digest" => "摘要值",
        "criterion" => "认定标准",
        "note" => "附注",
        "facts" => "事实",
        "links" => "链接",
        "archive" => "邮件列表存档",
        "time" => "发生时间",
        "listing" => "公开列名",
        "benefit" => "权益",
        "label" => "公钥名称",
        "purpose" => "公钥用途",
        "retires" => "被轮换的公钥",
        "public_key" => "公钥",
        "since" => "可能遭他人冒签的起始时间",
        "ruling" => "裁决",
        "login" => "登录名",
        "page" => "声明所在页面",
        "change" => "变更",
        "commit" => "来源提交",
        "pr" => "来源变更编号",

        "topic" => "主题",
        "supersedes" => "决议被取代的动议",
        "document" => "文件摘要值",
        "unit_kind" => "组织单元类别",
        "first" => "首批任职者",
        "into" => "存续的组织单元",
        "address" => "向任命机构提出要求的动议",
        "persons" => "所涉各登记人员",
        "base" => "被修订章程摘要值",
        _ => return None,
    };
    Some(label)
}

/// What a word that a field can hold is called in Chinese.
pub(crate) fn word(word: &str) -> Option<&'static str> {
    let label = match word {
        "wall" => "定序器时钟",
        "declared" => "自报时间（演练）",
        "regular" => "例会",
        "extraordinary" => "临时会议",
        "for" => "赞同",
        "against" => "反对",
        "abstain" => "弃权",
        "passed" => "通过",
        "failed" => "未通过",
        "create" => "设立",
        "grant" => "授予",
        "revoke" => "撤销",
        "dissolve" => "解散",
        "signing" => "签署一切行为",
        "recovery" => "恢复（仅限本人公钥事务）",
        "uphold" => "认定属于本人",
        "dismiss" => "认定不属于本人",
        "given" => "同意",
        "withdrawn" => "撤回同意",
        _ => return None,
    };
    Some(label)
}

/// What the signer of this act does, in English.
pub(crate) fn english_act(tag: &str) -> Option<&'static str> {
    let sentence = match tag {
        "found" => "I found a ledger: I enrol the authority and fix the charter, the log key and the clock.",
        "charter-part" => "I submit one part of a charter's text: the first charter's, or later an amended one's.",
        "confirm" => "I confirm the founding as one of the authority's persons.",
        "enrol-people" => "I enrol the people listed, each with their key, as a person of the authority.",
        "enrol" => "I enrol under the handle shown as author, with the key that signs this act.",
        "appoint" => "I appoint a person for the authority; it stands once enough of its persons have signed.",
        "endorse" => "I add my signature to an act of the authority, or to a petition.",
        "constitute" => "I declare a body able to act, for the authority or by a resolution.",
        "found-unit" => "I found a unit.",
        "dissolve-unit" => "I dissolve a unit and end its remaining tenures.",
        "nominate" => "I nominate a person for a role.",
        "apply" => "I apply for a role, for myself or for an organisation that I represent.",
        "accept" => "I accept a nomination, or claim a tenure that an import asserted.",
        "withdraw" => "I withdraw my own nomination, application, petition, motion or proposal.",
        "petition" => "I demand a meeting and state everything that its notice would say.",
        "notice" => "I convene a meeting.",
        "waive" => "I waive, for myself, the defects of a meeting's notice.",
        "cancel" => "I cancel a meeting before its start, or a vote before its first ballot.",
        "item" => "I put an item on the agenda that the next notice annexes.",
        "open" => "I open a meeting.",
        "preside" => "I name who presides over a sitting that its chair did not open.",
        "check-in" => "I record that I am present at a meeting.",
        "check-out" => "I record that I have left a meeting.",
        "excuse" => "I record why I cannot attend a meeting; my absence still counts.",
        "dispute" => "I record, as presider, my doubt about somebody's presence; it changes nothing.",
        "adjourn" => "I end a meeting.",
        "move" => "I put a motion.",
        "open-vote" => "I open the vote on a motion and pin its electorate.",
        "vote" => "I cast my ballot in a vote.",
        "retract" => "I retract my own ballot.",
        "close-vote" => "I record the outcome of a vote that has closed.",
        "grant" => "I record a role that a passed motion entitles somebody to.",
        "end" => "I record the end of a role by a passed motion, or end it for the authority.",
        "answer" => "I answer, for the authority, a resolution that was addressed to it.",
        "reconstitute" => "I record that a resolution has replaced the appointing authority.",
        "amend" => "I replace the charter in force, as a passed motion says.",
        "resign" => "I end my own tenure, or that of an organisation that I represent.",
        "suspend" => "I suspend a tenure, for the authority, without ending it.",
        "resume" => "I end the suspension of a tenure, for the authority.",
        "organisation" => "I make an organisation known and represent it.",
        "represent" => "I name another representative of an organisation that I represent.",
        "recall" => "I end the mandate of a representative, or my own, in an organisation that I represent.",
        "contribution" => "I record a contribution that a forge shows as merged.",
        "attest" => "I attest something of a contribution or an application.",
        "record" => "I put on record something that happened, as I saw it; it changes no role.",
        "deliver" => "I record when a notice reached the mailing list; the later of that and its acceptance governs.",
        "spoken" => "I record a ballot that a member spoke; it counts only once the member signs it.",
        "consent" => "I consent to being listed publicly in a role, or take that consent back.",
        "claim" => "I claim a benefit of a role, once.",
        "fulfil" => "I record that a claimed benefit was handed over.",
        "offer-key" => "I offer the key that signs this as one more key of mine, or in place of others.",
        "bind-key" => "I bind an offered key: at once by the owner's other key, else after the waiting period.",
        "revoke-key" => "I revoke a key of mine from now on; what it signed stays, marked where it is in doubt.",
        "veto-key" => "I object, with an older key of mine, to an offered key: decline, dispute or unbind it.",
        "settle-key" => "I rule on a disputed key, for the authority.",
        "replace-authority" => "I name the authority's new persons; it stands once old and new thresholds have signed.",
        "rotate-log-key" => "I name the key that signs the log's heads from now on, as the authority.",
        "name-witnesses" => "I name the witnesses whose times the log goes by, as the authority.",
        "anchor" => "I enter a head of this log that witnesses have cosigned: what it covers was there by then.",
        "claim-account" => "I claim an account on a forge, or say that the login of my own has changed.",
        "verify-account" => "I confirm that the forge shows the signed statement of whoever claims an account.",
        "release-account" => "I give up an account on a forge.",
        "profile" => "I name the attachment that holds what I want known of myself, and can have erased.",
        "erase" => "I record that an attachment was erased: its digest stays in the log, its content is gone.",
        "import" => "I record, for the authority, a role change of the past that it found in a source.",
        _ => return None,
    };
    Some(sentence)
}

#[cfg(test)]
mod tests {
    use rollcall_core::act::Act;
    use rollcall_core::effect::Effect;
    use rollcall_core::event::HEADER_KEYS;
    use rollcall_core::field::Kind;

    use super::*;

    #[test]
    fn every_act_has_a_sentence_in_both_languages() {
        let silent = |tag: &&str| act(tag).is_none() || english_act(tag).is_none();
        let missing: Vec<&str> = Act::SPECS.iter().map(|spec| spec.name).filter(silent).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn every_effect_has_a_sentence() {
        let silent = |tag: &&str| effect(tag).is_none();
        let missing: Vec<&str> = Effect::SPECS.iter().map(|spec| spec.name).filter(silent).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn every_field_and_header_key_has_a_label() {
        let fields = Act::SPECS.iter().chain(Effect::SPECS).flat_map(|spec| spec.fields).map(|field| field.name);
        let silent = |name: &&str| field(name).is_none();
        let missing: Vec<&str> = HEADER_KEYS.into_iter().chain(fields).chain(["kind"]).filter(silent).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn every_word_has_a_label() {
        let fields = Act::SPECS.iter().chain(Effect::SPECS).flat_map(|spec| spec.fields);
        let words = fields.flat_map(|field| match field.kind {
            Kind::Word(words) => words,
            _ => &[],
        });
        let missing: Vec<&str> = words.copied().filter(|known| word(known).is_none()).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn every_sentence_is_one_sentence_in_the_first_person() {
        let mut wrong = Vec::new();
        for tag in Act::SPECS.iter().map(|spec| spec.name) {
            let chinese = act(tag).unwrap_or_default();
            let english = english_act(tag).unwrap_or_default();
            let chinese_fits = chinese.starts_with('我') && chinese.find('。') == chinese.len().checked_sub("。".len());
            let english_fits = english.starts_with("I ") && english.find('.') == english.len().checked_sub(1);
            if !(chinese_fits && english_fits) {
                wrong.push(tag);
            }
        }
        assert_eq!(wrong, Vec::<&str>::new());
    }

    #[test]
    fn what_is_unknown_has_no_answer() {
        let answers = [act("none"), effect("none"), field("none"), word("none"), english_act("none")];
        assert_eq!(answers, [None; 5]);
    }
}
