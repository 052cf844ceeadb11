"""What is read out of a line of text: who speaks, who is sought, what is worked on, offered, sought and denied."""

import pytest

from matchmaker.dataset import Dataset
from matchmaker.domain import Domain
from matchmaker.reading import read_line
from matchmaker.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


SPEAKERS = [
    ("我们有一款抗肿瘤ADC药物想对外授权给韩国药企", "CN", None, None),
    ("중국의 바이오시밀러 회사에 기술이전을 원하는 한국 제약사", "KR", "kr", "pharma"),
    ("중국산둥 제약사", "CN", "cn-shandong", "pharma"),
    ("中国山东的中药企业", "CN", "cn-shandong", "tcm-korean-medicine"),
    ("Korean biotech seeks a production site in China", "KR", "kr", "biotech"),
    ("Looking for CDMO in Korea for our mRNA vaccine, we are based in Shanghai", "CN", "cn-shanghai", None),
    ("希望与韩国医院合作开展干细胞临床研究的上海生物公司", "CN", "cn-shanghai", "biotech"),
    ("寻求山东的医院合作", "CN", None, None),
    ("韩国釜山的医疗旅游公司，希望与中国旅行社合作", "KR", "kr-busan", "travel-agency"),
    ("필러를 중국에 공급합니다", "KR", None, None),
    ("산둥성의 중의약 기업과 공동연구를 하고자 하는 대학", "KR", None, "university"),
    ("한국 소재 디지털 헬스케어 스타트업, 중국 투자자를 찾습니다", "KR", "kr", "company"),
    ("송도에 있는 CDMO 기업으로 중국 제약사와 계약을 희망합니다", "KR", "kr-songdo", "cro-cdmo"),
    ("Chinese distributor looking for Korean cosmetics", "CN", "cn", "distributor"),
    ("Looking for biotech companies in Korea", "CN", None, None),
    ("부산 병원, 중국 환자 유치를 희망", "KR", "kr-busan", "hospital"),
    ("We sell vaccines to hospitals", None, None, None),
    ("우리는 병원이 아닙니다. 제약회사입니다", "KR", None, "pharma"),
    ("We are not a hospital", None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "country", "place", "sector"), SPEAKERS)
def test_who_speaks_is_told_from_who_is_sought(dataset, text, country, place, sector):
    said = read_line(text, dataset)
    assert (said.country, said.place, said.sector) == (country, place, sector)


WORK = [
    ("我们有一款抗体想对外授权给韩国药企", "monoclonal-antibody", "", "technology-transfer"),
    ("Looking for CDMO in Korea for our mRNA vaccine, we are based in Shanghai", "mrna-technology", "cdmo", ""),
    ("希望与韩国医院合作开展干细胞临床研究的上海生物公司", "stem-cell-therapy", "stem-cell-therapy", ""),
    ("암 조기진단 키트를 개발하는 기업으로 중국 유통사를 구합니다", "cancer-screening", "distribution-channel", ""),
    ("한국 소재 디지털 헬스케어 스타트업, 중국 투자자를 찾습니다", "digital-health", "venture-investment", ""),
    ("我们是创业公司，做齿科种植体，想找韩国代理商", "dental-implant", "distribution-channel", ""),
    ("We are a startup that makes vaccines", "vaccine", "", ""),
    ("looking for vaccines, antivirals and fillers", "", "vaccine antiviral-drug dermal-filler", ""),
    ("백신을 개발하고, 공장부지를 찾습니다", "vaccine", "production-site", ""),
    ("백신을 개발하는 기업을 찾습니다", "", "vaccine", ""),
    ("탈모 치료제를 개발 중이며 중국 임상수탁 기업을 찾습니다", "hair-care therapeutics", "cro", ""),
    ("치과 임플란트, 중국 총판 모집", "dental-implant", "distribution-channel", ""),
    ("Daejeon biotech needs funding for CAR-T", "immune-cell-therapy", "venture-investment", ""),
    ("we need investment and training", "clinical-training", "venture-investment", ""),
    ("我们需要资金，做AI医疗", "medical-ai", "venture-investment", ""),
    ("cancer drug maker looking to find wholesalers", "anticancer-drug", "distribution-channel", ""),
    ("寻求合适的产业园", "", "industrial-park", ""),
    ("구합니다: 백신", "vaccine", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "interests", "seeks", "offers"), WORK)
def test_what_is_worked_on_sought_and_offered_is_told_apart(dataset, text, interests, seeks, offers):
    said = read_line(text, dataset)
    found = (set(said.interests), set(said.seeks), set(said.offers))
    assert found == (set(interests.split()), set(seeks.split()), set(offers.split()))


@pytest.mark.parametrize(
    "text",
    [
        "寻求韩国经销商",
        "想找疫苗代理商",
        "희귀질환 유통사를 원합니다",
        "we look for importers",
        "Looking to find a distributor",
    ],
)
def test_a_sought_distributor_is_a_sought_channel(dataset, text):
    assert read_line(text, dataset).seeks == ("distribution-channel",)


@pytest.mark.parametrize(
    "text", ["we offer vaccines", "我们可供应疫苗", "백신을 공급합니다", "疫苗授权给韩国药企", "백신을 중국에 수출"]
)
def test_who_only_offers_works_on_it(dataset, text):
    said = read_line(text, dataset)
    assert (said.interests, said.offers) == (("vaccine",), ("vaccine",))
    assert read_line("we make fillers and offer vaccines", dataset).interests == ("dermal-filler",)


DENIED = [
    ("不做疫苗，只做体外诊断试剂", ("in-vitro-diagnostics",), ("Vaccine",)),
    ("not interested in cosmetics, only dermal fillers", ("dermal-filler",), ("Cosmetics",)),
    ("화장품이 아닌 필러를 만듭니다", ("dermal-filler",), ("Cosmetics",)),
    ("백신을 개발하지 않습니다", (), ("Vaccine",)),
    ("没有工厂，从事单抗药物开发", ("monoclonal-antibody",), ("Production site",)),
    ("we do not need investors; we make fillers", ("dermal-filler",), ("Venture investment",)),
]


@pytest.mark.parametrize(("text", "interests", "dropped"), DENIED)
def test_what_is_denied_is_dropped_and_said(dataset, text, interests, dropped):
    said = read_line(text, dataset)
    assert (said.interests, said.seeks, said.dropped) == (interests, (), dropped)


@pytest.mark.parametrize(
    ("text", "unused"),
    [
        ("looking for a hospital in Shandong", ("Hospital", "Shandong")),
        ("산둥성에서 중국 병원과 협력을 원합니다", ("Hospital", "Shandong")),
        ("寻求上海的医院", ("Hospital", "Shanghai")),
        ("Korean biotech seeks investors in China", ()),
    ],
)
def test_what_is_sought_and_not_used_is_kept_for_the_note(dataset, text, unused):
    assert read_line(text, dataset).unused == unused


def test_sentences_are_read_one_by_one(dataset):
    said = read_line("Looking for CDMO\nvaccine maker in Seoul", dataset)
    assert (said.interests, said.seeks, said.place) == (("vaccine",), ("cdmo",), "kr-seoul")
    assert read_line("version 3.5 of vaccines. We seek CDMO. ", dataset).seeks == ("cdmo",)


def test_a_long_text_is_read_in_pieces(dataset):
    said = read_line("we seek vaccines, " * 1000, dataset)
    assert said.seeks == ("vaccine",)


def test_another_domain_has_its_own_means():
    sectors = Vocabulary.from_tables(
        {"mill": {"label": {"en": "Mill"}, "sought_as": ["milling", "gone"]}, "farm": {}}, "sectors.toml", "sectors"
    )
    interests = Vocabulary.flat(["milling", "wheat"])
    frame = {"org_id": ["a"], "interests": ["wheat"], "sector": ["farm"]}
    domain = Domain(interests=interests, sectors=sectors)
    said = read_line("farm seeks a wheat mill", Dataset.from_frames(domain=domain, organizations=frame))
    assert (said.sector, said.interests, said.seeks, said.country) == ("farm", ("wheat",), ("milling",), None)
